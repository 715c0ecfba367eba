import { describe, expect, it } from 'vitest';
import type { Frame, Row } from './frames';
import { Mirror } from './mirror';

type TorrentsFrame = Extract<Frame, { op: 'torrents' }>;

const frame = (v: Partial<TorrentsFrame>): TorrentsFrame => ({
  op: 'torrents', epoch: 'e1', seq: 1, reset: false, more: false, rows: [], removed: [], ...v,
});
const row = (hash: string, fields: Row['fields'] = { name: hash }): Row => ({ box: 'demo', hash, fields });
const hashes = (m: Mirror): string[] => m.whole().rows.map((r) => r.hash).sort();

function filled(): Mirror {
  const m = new Mirror();
  m.apply(frame({ reset: true, seq: 5, rows: [row('a'), row('b'), row('c')] }));
  return m;
}

describe('Mirror', () => {
  it('starts without a cursor and has one after a reset', () => {
    expect(new Mirror().cursor).toBeNull();
    expect(filled().cursor).toEqual({ epoch: 'e1', seq: 5 });
  });

  it('applies deltas, twice without harm', () => {
    const m = filled();
    const delta = frame({ seq: 6, rows: [row('a', { left: 9 })], removed: [['demo', 'b']] });
    expect(m.apply(delta)).toMatchObject({ removed: ['demo/b'], complete: true });
    expect(m.apply(delta)).toMatchObject({ removed: [] });
    expect(hashes(m)).toEqual(['a', 'c']);
    expect(m.whole().rows[0]!.fields).toMatchObject({ name: 'a', left: 9 });
  });

  it('keeps old rows until the last part of a reset, then drops those it did not name', () => {
    const m = filled();
    const first = m.apply(frame({ reset: true, more: true, epoch: 'e2', seq: 1, rows: [row('c')] }));
    expect(first?.removed).toEqual([]);
    expect(hashes(m)).toEqual(['a', 'b', 'c']);
    expect(m.cursor).toBeNull();
    const last = m.apply(frame({ epoch: 'e2', seq: 1, rows: [row('d')] }));
    expect(last?.removed).toEqual(['demo/a', 'demo/b']);
    expect(hashes(m)).toEqual(['c', 'd']);
    expect(m.cursor).toEqual({ epoch: 'e2', seq: 1 });
  });

  it('takes parts that all say reset for one reset', () => {
    const m = filled();
    m.apply(frame({ reset: true, more: true, seq: 7, rows: [row('x')] }));
    m.apply(frame({ reset: true, seq: 7, rows: [row('y')] }));
    expect(hashes(m)).toEqual(['x', 'y']);
  });

  it('forgets what a reset named when another one begins', () => {
    const m = filled();
    m.apply(frame({ reset: true, more: true, seq: 7, rows: [row('ghost')] }));
    m.apply(frame({ reset: true, seq: 8, rows: [row('a')] }));
    expect(hashes(m)).toEqual(['a']);
  });

  it('does not resume into a reset that was interrupted', () => {
    const m = filled();
    m.apply(frame({ reset: true, more: true, seq: 7, rows: [row('x')] }));
    m.interrupted();
    expect(m.cursor).toBeNull();
    expect(hashes(m)).toEqual(['a', 'b', 'c', 'x']);
    m.apply(frame({ reset: true, seq: 9, rows: [row('x')] }));
    expect(hashes(m)).toEqual(['x']);
  });

  it('resumes where it was after a plain break', () => {
    const m = filled();
    m.interrupted();
    expect(m.cursor).toEqual({ epoch: 'e1', seq: 5 });
  });

  it('says so when a frame does not fit', () => {
    expect(filled().apply(frame({ epoch: 'other', rows: [] }))).toBeNull();
    const m = filled();
    expect(m.apply(frame({ rows: [row('unknown', { left: 1 })] }))).toBeNull();
    expect(m.cursor).toBeNull();
  });

  it('is complete only after the last part', () => {
    const m = new Mirror();
    expect(m.apply(frame({ reset: true, more: true, rows: [row('a')] }))?.complete).toBe(false);
    expect(m.whole()).toMatchObject({ reset: true, complete: false });
    expect(m.apply(frame({}))?.complete).toBe(true);
  });
});
