import { describe, expect, it } from 'vitest';
import { Clock } from '../clock.svelte';
import type { DetailChange, FileReport, PeerReport } from '../live/detail';
import { Detail } from './detail.svelte';
import { here, layout, readBits, shares } from './pieces';
import { fragmentOf, placeOf } from './place';
import { hostOf, trackerState } from './trackers';

const file = (i: number, have = 0): FileReport => ({ i, name: `f${i}`, size: 9, have, wanted: true, priority: 0 });
const peer = (addr: string, down = 0): PeerReport => ({ addr, client: '', progress: 0, down, up: 0, flags: '', incoming: false, encrypted: false, utp: false });
const change = (c: Partial<DetailChange>): DetailChange => ({
  reset: false, pending: false, age: null, info: null, files: [], peers: [], peersGone: [], trackers: null, pieces: null, ...c,
});

function filled(): Detail {
  const detail = new Detail('demo', 'abc', new Clock());
  detail.hear(change({ reset: true, files: [file(1), file(0)], peers: [peer('a', 1), peer('b', 5)] }));
  return detail;
}

describe('Detail', () => {
  it('is pending until the box has answered, and gone when there is no such', () => {
    const detail = new Detail('demo', 'abc', new Clock());
    expect(detail.state).toBe('pending');
    detail.hear(change({ reset: true, pending: true }));
    expect(detail.state).toBe('pending');
    detail.hear(change({ reset: true }));
    expect(detail.state).toBe('here');
    detail.lose();
    expect(detail.state).toBe('gone');
  });

  it('has files in their order and the busiest peers first', () => {
    const detail = filled();
    expect(detail.files.map((f) => f.key)).toEqual([0, 1]);
    expect(detail.peers.map((p) => p.key)).toEqual(['b', 'a']);
  });

  it('replaces only what differs, and the list only when lines come or go', () => {
    const detail = filled();
    const { files, peers } = detail;
    const report = files[0]!.report;
    detail.hear(change({ files: [file(0), file(1, 5)], peers: [peer('a', 9)] }));
    expect(detail.files).toBe(files);
    expect(detail.peers).toBe(peers);
    expect(files[0]!.report).toBe(report);
    expect(files[1]!.report.have).toBe(5);
    detail.hear(change({ peers: [peer('c')], peersGone: ['b', 'unknown'] }));
    expect(detail.peers.map((p) => p.key)).toEqual(['a', 'c']);
  });

  it('keeps the lines that a reset brings again', () => {
    const detail = filled();
    const [kept] = detail.files;
    detail.hear(change({ reset: true, files: [file(0, 3)] }));
    expect(detail.files).toEqual([kept]);
    expect(kept!.report.have).toBe(3);
    expect(detail.peers).toEqual([]);
  });
});

describe('pieces', () => {
  const bits = readBits({ count: 10, size: 4, have: btoa('\xa0\x40') }); // 0, 2 and 9

  it('are counted and shared out to cells', () => {
    expect(here(bits)).toBe(3);
    const map = layout(10, 3, 2);
    expect(map).toEqual({ columns: 3, rows: 2, each: 2, cells: 5 });
    expect([...shares(bits, map)]).toEqual([0.5, 0.5, 0, 0, 0.5]);
  });

  it('have a cell each when there is room, and some layout whatever the room', () => {
    expect(layout(10, 100, 14)).toMatchObject({ each: 1, rows: 1, cells: 10 });
    expect(layout(0, 0, 14)).toMatchObject({ rows: 0, cells: 0 });
    expect(layout(1_048_576, 40, 14).cells).toBeLessThanOrEqual(560);
  });

  it('are unknown when the bits are of another length, or none', () => {
    for (const have of ['', '*', btoa('abc')]) expect(readBits({ count: 10, size: 4, have }).have).toHaveLength(0);
    const unknown = readBits({ count: 10, size: 4, have: '' });
    expect([...shares(unknown, layout(10, 5, 1))]).toEqual([0, 0, 0, 0, 0]);
  });
});

describe('the address of a torrent', () => {
  const hash = 'a1'.repeat(20);
  it('is read as it is written, whatever the name of the box', () => {
    for (const box of ['demo', 'a/b', '50 %', '#1', 'ü']) expect(placeOf(fragmentOf({ box, hash }))).toEqual({ box, hash });
  });
  it.each(['', '#', '#account', '#torrent/demo', `#torrent//${hash}`, '#torrent/demo/xyz', `#torrent/%/${hash}`, `#torrent/a/b/${hash}`])('is not %s', (s) => {
    expect(placeOf(s)).toBeNull();
  });
});

describe('trackers', () => {
  it('are shown by their host, without what could be a secret', () => {
    expect(hostOf('https://user:pass@tracker.example.org:443/SECRET/announce?key=1')).toBe('tracker.example.org:443');
    expect(hostOf('udp://[2001:db8::1]:6969')).toBe('[2001:db8::1]:6969');
    expect(hostOf('nonsense')).toBe('a tracker without an address');
  });
  it('say what goes on', () => {
    const t = { announce: '', tier: 0, state: 'waiting', failed: false, result: '', seeders: -1, leechers: -1, next: 1060 };
    expect(trackerState(t, 1_000_000)).toBe('asked again in 1\u00a0min');
    expect(trackerState({ ...t, next: 0 }, 1_000_000)).toBe('asked again soon');
    expect(trackerState({ ...t, state: 'new word' }, 0)).toBe('not asked');
  });
});
