import { describe, expect, it } from 'vitest';
import { Misfit } from './content';
import { detailTopic } from './detail';
import { readValue, type TopicFrame } from './frames';
import type { Bag } from './read';
import { Topic } from './topic';
import type { Change, News } from './transport';

const hear = (topic: Topic, members: Bag): News | null => topic.hear(readValue({ t: topic.name, s: 1, ...members }) as TopicFrame);
const row = (id: number, hash: string, more: Bag = {}): Bag => ({ id, box: 'demo', hash, name: hash, ...more });
const change = (news: News | null): Change => (news as News & { kind: 'torrents' }).change;

function whole(topic: Topic): Change {
  const [event] = topic.present();
  return event?.kind === 'topic' ? change(event.news) : { rows: [], removed: [], reset: true, complete: false };
}
const hashes = (topic: Topic): string[] => whole(topic).rows.map((r) => r.hash).sort();

function filled(): Topic {
  const topic = new Topic('torrents');
  hear(topic, { s: 5, e: 'e1', rows: [row(1, 'a'), row(2, 'b'), row(3, 'c')] });
  return topic;
}

describe('the torrents topic', () => {
  it('starts without a cursor and has one after a reset', () => {
    expect(new Topic('torrents').cursor).toBeNull();
    expect(filled().cursor).toEqual({ epoch: 'e1', seq: 5 });
  });

  it('applies differences by id, twice without harm', () => {
    const topic = filled();
    const delta = { s: 6, rows: [{ id: 1, left: 9 }], removed: [2] };
    expect(change(hear(topic, delta))).toMatchObject({ rows: [{ hash: 'a', fields: { left: 9 } }], removed: ['demo/b'], complete: true });
    expect(change(hear(topic, delta)).removed).toEqual([]);
    expect(hashes(topic)).toEqual(['a', 'c']);
    expect(topic.cursor).toEqual({ epoch: 'e1', seq: 6 });
  });

  it('replaces a row that comes with its hash', () => {
    const topic = filled();
    hear(topic, { s: 6, rows: [{ id: 1, left: 9 }] });
    expect(change(hear(topic, { s: 7, rows: [row(1, 'a', { size: 4 })] })).rows[0]!.fields).toMatchObject({ size: 4, left: 0 });
  });

  it('knows a torrent that came back under another id', () => {
    const topic = filled();
    expect(change(hear(topic, { s: 6, rows: [row(9, 'b')] })).removed).toEqual([]);
    expect(change(hear(topic, { s: 7, removed: [2] })).removed).toEqual([]);
    expect(hashes(topic)).toEqual(['a', 'b', 'c']);
    hear(topic, { s: 8, rows: [row(10, 'a')], removed: [1] });
    expect(hashes(topic)).toEqual(['a', 'b', 'c']);
    expect(change(hear(topic, { s: 9, rows: [{ id: 10, left: 1 }] })).rows[0]!.hash).toBe('a');
  });

  it('keeps old rows until the last part of a reset, then drops those it did not name', () => {
    const topic = filled();
    expect(change(hear(topic, { s: 1, e: 'e2', more: true, rows: [row(1, 'c')] })).removed).toEqual([]);
    expect(hashes(topic)).toEqual(['a', 'b', 'c']);
    expect(topic.cursor).toBeNull();
    expect(change(hear(topic, { s: 1, rows: [row(2, 'd')] })).removed).toEqual(['demo/a', 'demo/b']);
    expect(hashes(topic)).toEqual(['c', 'd']);
    expect(topic.cursor).toEqual({ epoch: 'e2', seq: 1 });
  });

  it('does not take the ids of one epoch for those of another', () => {
    const topic = filled();
    hear(topic, { s: 1, e: 'e2', rows: [row(1, 'c')] });
    expect(() => hear(topic, { s: 2, rows: [{ id: 2, left: 1 }] })).toThrow(Misfit);
  });

  it('forgets what a reset named when another one begins', () => {
    const topic = filled();
    hear(topic, { s: 7, e: 'e2', more: true, rows: [row(1, 'ghost')] });
    hear(topic, { s: 8, e: 'e2', rows: [row(2, 'a')] });
    expect(hashes(topic)).toEqual(['a']);
  });

  it('does not resume into a reset that was interrupted', () => {
    const topic = filled();
    hear(topic, { s: 7, e: 'e2', more: true, rows: [row(9, 'x')] });
    topic.interrupted();
    expect(topic.cursor).toBeNull();
    expect(hashes(topic)).toEqual(['a', 'b', 'c', 'x']);
    hear(topic, { s: 9, e: 'e2', rows: [row(9, 'x')] });
    expect(hashes(topic)).toEqual(['x']);
  });

  it('resumes where it was after a plain break, and before a difference that came in part', () => {
    const topic = filled();
    topic.interrupted();
    expect(topic.cursor).toEqual({ epoch: 'e1', seq: 5 });
    hear(topic, { s: 9, more: true, rows: [{ id: 1, left: 1 }] });
    expect(topic.cursor).toEqual({ epoch: 'e1', seq: 5 });
  });

  it('says so when a frame does not fit', () => {
    const topic = filled();
    expect(() => hear(topic, { s: 6, rows: [{ id: 77, left: 1 }] })).toThrow(Misfit);
    expect(topic.cursor).toBeNull();
  });

  it('lets pass what was on its way for an earlier subscription', () => {
    const topic = new Topic('torrents');
    expect(hear(topic, { s: 6, rows: [{ id: 77, left: 1 }] })).toBeNull();
    expect(topic.cursor).toBeNull();
  });

  it('is complete only after the last part', () => {
    const topic = new Topic('torrents');
    expect(change(hear(topic, { e: 'e1', more: true, rows: [row(1, 'a')] })).complete).toBe(false);
    expect(whole(topic)).toMatchObject({ reset: true, complete: false });
    expect(change(hear(topic, {})).complete).toBe(true);
  });
});

describe('other topics', () => {
  it('go on without news', () => {
    const topic = new Topic('totals');
    expect(hear(topic, { s: 4, e: 'e', torrents: 2, down: 5 })).toMatchObject({ totals: { torrents: 2, down: 5 } });
    expect(hear(topic, { s: 4 })).toBeNull();
    expect(topic.present()).toMatchObject([{ cursor: { seq: 4 }, news: { totals: { down: 5 } } }]);
  });

  it('add notices up, each once, and keep the last', () => {
    const topic = new Topic('notices');
    const notice = (id: number): Bag => ({ id, at: '', kind: 'k', text: String(id) });
    hear(topic, { e: 'e', notices: [notice(1), notice(2)] });
    expect(hear(topic, { s: 2, notices: [notice(2), notice(3)] })).toMatchObject({ reset: false });
    expect(topic.present()).toMatchObject([{ news: { reset: true, notices: [{ id: 1 }, { id: 2 }, { id: 3 }] } }]);
    hear(topic, { s: 3, notices: Array.from({ length: 60 }, (_, i) => notice(i + 4)) });
    expect(topic.present()[0]).toMatchObject({ news: { notices: { length: 50 } } });
  });

  it('that are gone say so to whoever asks, until they are there again', () => {
    const topic = new Topic('host');
    hear(topic, { e: 'e', boxes: [] });
    expect(topic.lose()).toEqual({ kind: 'gone', topic: 'host' });
    expect(topic.present()).toEqual([{ kind: 'gone', topic: 'host' }]);
    expect(topic.cursor).toBeNull();
    hear(topic, { e: 'e', boxes: [] });
    expect(topic.present()).toMatchObject([{ kind: 'topic' }]);
  });
});

describe('the topic of a torrent', () => {
  it('names the box as Go’s url.PathEscape does', () => {
    const all = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join('');
    const escaped = "%20%21%22%23$%25&%27%28%29%2A+%2C-.%2F0123456789:%3B%3C=%3E%3F@ABCDEFGHIJKLMNOPQRSTUVWXYZ%5B%5C%5D%5E_%60abcdefghijklmnopqrstuvwxyz%7B%7C%7D~";
    expect(detailTopic(all, 'h')).toBe(`torrent/${escaped}/h`);
    expect(detailTopic('ü', 'h')).toBe('torrent/%C3%BC/h');
  });

  const file = (i: number, have = 0): Bag => ({ i, name: `f${i}`, size: 9, have, wanted: true, priority: 0 });

  it('tells a reset when all of it has come', () => {
    const topic = new Topic('torrent/demo/abc');
    expect(hear(topic, { e: 'e', more: true, files: [file(0)] })).toBeNull();
    expect(hear(topic, { files: [file(1)], peers: [{ addr: 'p' }] })).toMatchObject({ change: { reset: true, pending: false, files: { length: 2 }, peers: [{ addr: 'p' }] } });
  });

  it('tells only what has changed after that, and all to who comes later', () => {
    const topic = new Topic('torrent/demo/abc');
    expect(hear(topic, { e: 'e', pending: true })).toMatchObject({ change: { pending: true } });
    hear(topic, { e: 'e', files: [file(0), file(1)], peers: [{ addr: 'p' }, { addr: 'q' }], info: { dir: '/d' } });
    expect(hear(topic, { s: 2, files: [file(1, 5)], peers_gone: ['p'] })).toMatchObject({ change: { reset: false, info: null, files: [{ i: 1, have: 5 }], peersGone: ['p'] } });
    expect(hear(topic, { s: 3 })).toBeNull();
    expect(topic.present()).toMatchObject([{ news: { change: { reset: true, info: { dir: '/d' }, files: [{ have: 0 }, { have: 5 }], peers: [{ addr: 'q' }] } } }]);
  });
});
