// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Live } from './live.svelte';
import { readValue, type TopicFrame } from './live/frames';
import { Topic } from './live/topic';
import type { Ending, Transport } from './live/transport';
import { noOrders } from '../testing/page';

let live: Live;
let ended: Ending[];
let asked: string[];
const hash = 'a'.repeat(40);

const transport: Transport = {
  subscribe: (topic) => asked.push(`+${topic}`), unsubscribe: (topic) => asked.push(`-${topic}`), nudge: () => {}, stop: () => {},
};

/** Tells a frame the way a session does. */
function say(frame: Record<string, unknown> & { t: string }): void {
  const topic = new Topic(frame.t);
  const news = topic.hear(readValue(frame) as TopicFrame);
  live.hear({ kind: 'topic', topic: frame.t, cursor: topic.cursor, news });
}

beforeEach(() => {
  localStorage.clear();
  ended = [];
  asked = [];
  live = new Live({ user: 'ada', admin: true, api: noOrders, ended: (why) => ended.push(why) });
  say({ t: 'line', s: 2, e: 'l', boxes: [{ name: 'demo', line: { state: 'up' }, age_ms: 400 }] });
  say({ t: 'host', s: 3, e: 'h', boxes: [{ name: 'demo', host: { disk_total: 10, disk_free: 4 } }] });
  say({ t: 'totals', s: 4, e: 't', torrents: 1, down: 700, up: 5, quota: { bytes: 9 } });
  say({ t: 'notices', s: 5, e: 'n', notices: [{ id: 1, at: '', kind: 'k', text: 'x' }] });
  say({ t: 'torrents', s: 6, e: 'r', rows: [{ id: 8, box: 'demo', hash, name: 'n', owners: ['ada'], rate_down: 7 }] });
});
afterEach(() => void vi.restoreAllMocks());

describe('Live', () => {
  it('keeps frames from which the next page has the same', () => {
    const frames = live.frames();
    expect(frames.map((f) => [f.t, f.s, f.e])).toEqual([['line', 2, 'l'], ['totals', 4, 't'], ['notices', 5, 'n'], ['torrents', 6, 'r'], ['host', 3, 'h']]);
    const old = live;
    live = new Live({ user: 'ada', admin: true, api: noOrders, ended: () => {} });
    for (const frame of JSON.parse(JSON.stringify(frames)) as { t: string }[]) say(frame);
    expect(live.torrents.get(`demo/${hash}`)).toMatchObject({ id: 8, fields: old.torrents.get(`demo/${hash}`)!.fields });
    expect(live.totals).toEqual(old.totals);
    expect(live.notices.list).toEqual(old.notices.list);
    expect(live.boxes.list[0]!.host).toEqual(old.boxes.list[0]!.host);
    expect(live.boxes.list[0]!.age).toBeGreaterThanOrEqual(400);
  });

  it('keeps no topic that cannot be resumed, and nothing of a session that is over', () => {
    live.hear({ kind: 'topic', topic: 'torrents', cursor: null, news: null });
    expect(live.frames().map((f) => f.t)).not.toContain('torrents');
    live.hear({ kind: 'ended', why: 'session-ended' });
    expect(ended).toEqual(['session-ended']);
    expect(live.frames()).toEqual([]);
  });

  it('keeps nothing after a sign-out', () => {
    live.end();
    expect(live.frames()).toEqual([]);
  });

  it('asks for a torrent while it is open, also when it was opened before there was anybody to ask', () => {
    live.open({ box: 'a/b', hash });
    expect(asked).toEqual([]);
    live.use(transport);
    live.open({ box: 'a/b', hash });
    live.open({ box: 'demo', hash });
    live.open(null);
    expect(asked).toEqual([`+torrent/a%2Fb/${hash}`, `-torrent/a%2Fb/${hash}`, `+torrent/demo/${hash}`, `-torrent/demo/${hash}`]);
    expect(live.detail).toBeNull();
  });

  it('hears of the torrent that is open, and of no other', () => {
    live.open({ box: 'demo', hash });
    say({ t: `torrent/other/${hash}`, s: 1, e: 'e', files: [] });
    live.hear({ kind: 'gone', topic: `torrent/other/${hash}` });
    expect(live.detail!.state).toBe('pending');
    say({ t: `torrent/demo/${hash}`, s: 1, e: 'e', files: [] });
    expect(live.detail!.state).toBe('here');
    live.hear({ kind: 'gone', topic: `torrent/demo/${hash}` });
    expect(live.detail!.state).toBe('gone');
  });

  it('has the controller’s sum while all boxes are fresh, else that of those which are', () => {
    expect(live.total).toEqual({ down: 700, up: 5 });
    say({ t: 'line', s: 3, e: 'l', boxes: [{ name: 'demo', line: { state: 'up' }, age_ms: 0 }, { name: 'old', line: { state: 'down' }, age_ms: 90_000 }] });
    expect(live.total).toEqual({ down: 7, up: 0 });
  });
});

describe('notices', () => {
  const warning = { id: 7, at: '', kind: 'ticket-reused', text: 'twice' };

  it('are unread until they are looked at, and that is remembered', () => {
    expect(live.notices.unread).toHaveLength(1);
    live.notices.look();
    expect(live.notices.unread).toEqual([]);
    const again = new Live({ user: 'ada', admin: false, api: noOrders, ended: () => {} });
    again.notices.hear([...live.notices.list, { ...warning, kind: 'k' }], true);
    expect(again.notices.unread.map((n) => n.id)).toEqual([7]);
  });

  it('are remembered for each user, and without the name', () => {
    live.notices.look();
    const other = new Live({ user: 'ben', admin: false, api: noOrders, ended: () => {} });
    other.notices.hear(live.notices.list, true);
    expect(other.notices.unread).toHaveLength(1);
    expect(JSON.stringify({ ...localStorage })).not.toContain('ada');
  });

  it('warn of a ticket that was used twice until that has been read', () => {
    expect(live.notices.warning).toBeNull();
    live.notices.hear([warning], false);
    live.notices.hear([warning], false);
    expect(live.notices.list).toHaveLength(2);
    expect(live.notices.warning).toEqual(warning);
    live.notices.look();
    expect(live.notices.warning).toBeNull();
  });
});
