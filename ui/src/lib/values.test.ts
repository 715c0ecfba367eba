import { describe, expect, it } from 'vitest';
import { parseBytes, parseCount, writeBytes } from './amount';
import { readQuota, writeQuota } from './quota';
import { checkRules, draftOf, ruleOf } from './rules';
import { ago, until } from './when';

describe('amounts', () => {
  it.each([
    ['500 GB', 5e11], ['500gb', 5e11], ['1,5 TB', 1.5e12], ['1.5\u00a0TiB', 1.5 * 2 ** 40], ['20 MB/s', 2e7], ['20 M / s', 2e7], ['7', 7], ['', 0], ['  ', 0],
  ])('reads %j', (text, n) => expect(parseBytes(text)).toBe(n));
  it.each(['-1', '5 apples', 'GB', '1e9', '1.2.3 GB', 'NaN', '5 constructor', '99999999 PB'])('refuses %j', (text) => expect(parseBytes(text)).toBeNull());
  it.each([0, 1, 999, 5e11, 1e12, 1.5e12, 123_456_789, 2 ** 40, 1_005_000_000])('writes %d so that it is read again', (n) => expect(parseBytes(writeBytes(n))).toBe(n));
  it('writes them short', () => expect([1e12, 1.5e12, 1e11, 0].map(writeBytes)).toEqual(['1 TB', '1.5 TB', '100 GB', '']));
  it('counts whole things', () => expect(['12', ' ', '1.5', 'x', '99999999999999999999'].map(parseCount)).toEqual([12, 0, null, null, null]));
});

describe('quotas', () => {
  it('are read as they were written', () => {
    const quota = { torrents: 10, bytes: 5e11, down: 2e7, up: 0 };
    expect(readQuota(writeQuota(quota))).toEqual({ quota });
  });
  it('may be absent', () => expect(readQuota(writeQuota(undefined))).toEqual({ quota: { torrents: 0, bytes: 0, down: 0, up: 0 } }));
  it('name what is wrong', () => {
    const read = readQuota({ torrents: 'many', bytes: '1 GB', down: 'fast', up: '' });
    expect('wrong' in read && Object.keys(read.wrong)).toEqual(['torrents', 'down']);
  });
});

describe('rules', () => {
  it('leave out what is empty', () => expect(ruleOf({ box: ' ', label: ' films ', name: '', user: 'ben', access: 'own' })).toEqual({ label: 'films', user: 'ben', access: 'own' }));
  it('survive the editor', () => {
    const rule = { box: 'a', name: '*.iso', user: 'ben', access: 'see' } as const;
    expect(ruleOf(draftOf(rule))).toEqual(rule);
  });
  it('need a person', () => expect(checkRules([draftOf({ user: 'a', access: 'own' }), draftOf({ user: '', access: 'own' })])).toContain('rule 2'));
});

describe('moments', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  it.each([
    ['2026-11-21T11:59:50Z', 'just now'], ['2026-11-21T11:48:00Z', '12\u00a0min ago'], ['2026-11-21T08:30:00Z', '3\u00a0h ago'],
    ['2026-11-18T08:30:00Z', '3\u00a0d ago'], ['0001-01-01T00:00:00Z', 'never'], [undefined, 'never'],
  ])('were %s ago', (iso, words) => expect(ago(iso, now)).toBe(words));
  it.each([
    ['2026-11-24T11:59:59Z', 'in 3\u00a0d'], ['2026-11-21T13:30:00Z', 'in 1\u00a0h'], ['2026-11-21T11:00:00Z', 'now'], ['0001-01-01T00:00:00Z', 'never'],
  ])('end %s', (iso, words) => expect(until(iso, now)).toBe(words));
});
