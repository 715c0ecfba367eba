import { describe, expect, it } from 'vitest';
import type { Options } from './api/commands';
import { draftLimits, parseRate, parseRatio, readLimits } from './limits';
import { draftSettings, groupsOf, readSettings } from './settings';

const OPTIONS: Options = {
  down_limit: 500_000, down_limited: false, up_limit: 100_000, up_limited: true, unbound: false, priority: 0, peer_limit: 50,
  ratio_mode: 1, ratio_limit: 15_000, idle_mode: 0, idle_limit: 30, sequential: false,
};

describe('limits', () => {
  it('are sent only where they are otherwise', () => {
    const draft = draftLimits(OPTIONS);
    expect(readLimits(draft, OPTIONS)).toEqual({ change: {} });
    expect(readLimits({ ...draft, down: 'own', downRate: '2 MB/s', ratio: 'none', priority: '1' }, OPTIONS)).toEqual({
      change: { down_limited: true, down_limit: 2_000_000, ratio_mode: 2, priority: 1 },
    });
  });

  it('of many keep what nobody chose', () => {
    const draft = draftLimits({});
    expect(readLimits(draft, {})).toEqual({ change: {} });
    expect(readLimits({ ...draft, up: 'none', unbound: 'yes' }, {})).toEqual({ change: { up_limited: false, unbound: true } });
  });

  it('say what is wrong', () => {
    const draft = { ...draftLimits(OPTIONS), down: 'own' as const, downRate: 'fast', idle: 'own' as const, idleAt: '0' };
    expect(Object.keys((readLimits(draft, OPTIONS) as { wrong: object }).wrong)).toEqual(['downRate', 'idleAt']);
  });

  it('are read as people write them', () => {
    expect([parseRate('1,5 MB/s'), parseRate('500k'), parseRate(''), parseRate('x')]).toEqual([1_500_000, 500_000, null, null]);
    expect([parseRatio('2'), parseRatio('1,25'), parseRatio('-1'), parseRatio('')]).toEqual([20_000, 12_500, null, null]);
  });
});

describe('settings', () => {
  const now = { down_limited: true, down_limit: 2_000_000, alt_scheduled: true, alt_begin: 510, alt_days: 62, ratio_limited: false, ratio_limit: 20_000, peer_port: 51_413, encryption: 'preferred' };

  it('stand in their groups as far as the box tells them', () => {
    expect(groupsOf(now).map((g) => g.id)).toEqual(['speed', 'alt', 'seeding', 'peers']);
    expect(draftSettings(now)).toMatchObject({ down_limit: '2 MB/s', alt_begin: '08:30', alt_days: '62', ratio_limit: '2', peer_port: '51413' });
  });

  it('are sent only where they are otherwise', () => {
    const draft = draftSettings(now);
    expect(readSettings(draft, now)).toEqual({ change: {} });
    expect(readSettings({ ...draft, down_limit: '3 MB/s', alt_begin: '22:05', encryption: 'required' }, now)).toEqual({
      change: { down_limit: 3_000_000, alt_begin: 1325, encryption: 'required' },
    });
  });

  it('are not looked at where they are not shown', () => {
    expect(readSettings({ ...draftSettings(now), down_limited: false, down_limit: 'x', ratio_limit: 'y' }, now)).toEqual({ change: { down_limited: false } });
  });

  it('say what is wrong', () => {
    const draft = { ...draftSettings(now), down_limit: '', alt_begin: '25:00', peer_port: '70000' };
    expect(Object.keys((readSettings(draft, now) as { wrong: object }).wrong)).toEqual(['down_limit', 'alt_begin', 'peer_port']);
  });
});
