import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Boxes } from './boxes.svelte';
import { Clock } from './clock.svelte';
import { ageText, headline, toneOf } from './line';
import type { BoxReport, LineState } from './live/boxes';

const report = (state: LineState, age_ms: number): BoxReport => ({
  name: 'demo', line: { state, since: '', code: '', reason: '', rtt_ms: 0 },
  daemon: { state: 'ok', text: '', version: '' }, age_ms,
});

let clock: Clock;
let stop: () => void;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date', 'performance'] });
  clock = new Clock();
  stop = clock.start();
});
afterEach(() => {
  stop();
  vi.useRealTimers();
});

function heard(state: LineState, age: number): Boxes {
  const boxes = new Boxes(clock);
  boxes.hear([report(state, age)]);
  return boxes;
}

function later(ms: number): void {
  vi.advanceTimersByTime(ms);
  flushSync();
}

describe('Box', () => {
  it('grows older by itself, and goes stale when the line is down', () => {
    const [box] = heard('down', 500).list;
    expect(box!.freshness).toBe('fresh');
    later(9000);
    expect(Math.floor(box!.age / 1000)).toBe(9);
    expect(box!.stale).toBe(false);
    later(2000);
    expect(box!.stale).toBe(true);
  });

  it('is late, then stale, when the line is up but nothing comes', () => {
    const [box] = heard('up', 0).list;
    later(11_000);
    expect(box!.freshness).toBe('late');
    later(110_000);
    expect(box!.freshness).toBe('stale');
  });

  it('goes stale soon when the daemon does not answer', () => {
    const boxes = new Boxes(clock);
    boxes.hear([{ ...report('up', 0), daemon: { state: 'unreachable', text: '', version: '' } }]);
    later(11_000);
    expect(boxes.list[0]!.stale).toBe(true);
    expect(toneOf(boxes.list[0]!.report, 'stale', true)).toBe('good'); // the line is not to blame
  });

  it('takes no line for up while the page has lost the controller', () => {
    const boxes = heard('up', 0);
    boxes.told = false;
    later(11_000);
    expect(boxes.list[0]!.stale).toBe(true);
  });

  it('notices the time that a computer slept', () => {
    const [box] = heard('up', 0).list;
    const mono = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(mono); // a clock that stood still
    vi.setSystemTime(Date.now() + 600_000);
    later(1000);
    expect(box!.stale).toBe(true);
  });

  it('has no figures before the first ones', () => {
    const [box] = heard('connecting', -1).list;
    expect(box!.stale).toBe(true);
    expect(ageText(box!.age)).toBe('no figures yet');
  });

  it('stays the same box from report to report', () => {
    const boxes = heard('up', 0);
    const before = boxes.list;
    boxes.hear([report('down', 5)]);
    expect(boxes.list).toBe(before);
    expect(before[0]!.report.line.state).toBe('down');
  });
});

describe('line', () => {
  it('is told by tone and word', () => {
    expect(toneOf(report('up', 0), 'fresh', true)).toBe('good');
    expect(toneOf(report('up', 0), 'late', true)).toBe('warn');
    expect(toneOf(report('down', 0), 'fresh', true)).toBe('bad');
    expect(toneOf(report('connecting', 0), 'fresh', true)).toBe('warn');
    expect(toneOf(report('up', 0), 'fresh', false)).toBe('unknown');
    expect(headline(report('up', 0).line, false)).toBe('Was connected when last heard of');
  });
});
