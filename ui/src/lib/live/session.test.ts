import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api';
import { Session } from './session';
import type { LiveEvent } from './transport';
import type { Wire, WireEvents } from './wire';

/** The far end of a wire. */
class Far implements Wire {
  readonly sent: Record<string, unknown>[] = [];
  closed = false;
  readonly events: WireEvents;
  constructor(events: WireEvents) {
    this.events = events;
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(): void {
    this.closed = true;
  }
  say(v: object): void {
    this.events.message(JSON.stringify(v));
  }
  letIn(ticket = 'next'): void {
    this.events.open();
    this.say({ op: 'opened', ticket, expires_in: 600 });
  }
}

const REFUSED = new ApiError(401, 'signed-out', 'sign in');
const UNREACHED = new ApiError(0, 'unreachable', 'no answer');

let wires: Far[];
let events: LiveEvent[];
let tickets: ReturnType<typeof vi.fn<() => Promise<{ ticket: string; expires_in: number }>>>;
let session: Session;

const last = (): Far => wires[wires.length - 1]!;
const states = (): string[] => events.flatMap((e) => (e.kind === 'state' ? [e.state] : []));
const reset = (seq: number): object => ({ t: 'torrents', s: seq, e: 'e', rows: [{ id: 1, box: 'demo', hash: 'h', name: 'n' }] });
const subscribed = (): unknown[] => last().sent.filter((m) => m.op !== 'open');
const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  wires = [];
  events = [];
  let n = 0;
  tickets = vi.fn(() => Promise.resolve({ ticket: `t${++n}`, expires_in: 60 }));
  session = new Session({
    dial: (e) => {
      wires.push(new Far(e));
      return last();
    },
    ticket: () => tickets(),
    tell: (e) => events.push(e),
    random: () => 0.5,
    topics: ['line', 'torrents'],
  });
  await settle();
});

afterEach(() => {
  session.stop();
  vi.useRealTimers();
});

describe('Session', () => {
  it('opens with a ticket first, then subscribes', () => {
    expect(last().sent).toEqual([]);
    last().letIn();
    expect(last().sent).toEqual([
      { op: 'open', ticket: 't1' },
      { op: 'subscribe', topic: 'line' },
      { op: 'subscribe', topic: 'torrents' },
    ]);
    expect(states()).toEqual(['connecting', 'live']);
  });

  it('reconnects with the ticket that it was handed, from where it was', async () => {
    last().letIn();
    last().say(reset(7));
    last().say({ op: 'ticket', ticket: 'newest', expires_in: 600 });
    last().events.close(1006);
    expect(states().at(-1)).toBe('reconnecting');
    await settle(200);
    last().letIn();
    expect(wires).toHaveLength(2);
    expect(last().sent[0]).toEqual({ op: 'open', ticket: 'newest' });
    expect(last().sent[2]).toEqual({ op: 'subscribe', topic: 'torrents', epoch: 'e', seq: 7 });
    expect(tickets).toHaveBeenCalledTimes(1);
  });

  it('never sends a ticket twice, and keeps one that it did not send', async () => {
    last().events.close(1006); // before open: t1 was not sent
    await settle(200);
    expect(tickets).toHaveBeenCalledTimes(1);
    last().events.open();
    expect(last().sent).toEqual([{ op: 'open', ticket: 't1' }]);
    last().events.close(1006); // sent, and nobody knows what became of it
    await settle(2000);
    last().events.open();
    expect(last().sent).toEqual([{ op: 'open', ticket: 't2' }]);
  });

  it('does not try a ticket that has run out', async () => {
    last().letIn('stale');
    await settle(89_000);
    last().say({ op: 'ticket', ticket: 'stale', expires_in: 3 });
    last().events.close(1006);
    await settle(200);
    last().events.open();
    expect(last().sent[0]).toEqual({ op: 'open', ticket: 't2' });
  });

  it('gets a new ticket through the session when one is refused', async () => {
    last().events.open();
    last().events.close(4401);
    await settle(200);
    last().events.open();
    expect(last().sent).toEqual([{ op: 'open', ticket: 't2' }]);
  });

  it('ends when the user is signed out, and says why', async () => {
    last().letIn();
    tickets.mockRejectedValue(REFUSED);
    last().say({ op: 'error', code: 'ticket-reused', text: 'x' });
    last().events.close(4409);
    await settle(200);
    expect(events.at(-1)).toEqual({ kind: 'ended', why: 'ticket-reused' });
    const dialled = wires.length;
    await settle(120_000);
    expect(wires).toHaveLength(dialled);
  });

  it('waits longer from attempt to attempt, and says when it is offline', async () => {
    tickets.mockRejectedValue(UNREACHED);
    last().events.open();
    last().events.close(1006);
    const asked = (): number => tickets.mock.calls.length - 1;
    await settle(151);
    expect(asked()).toBe(1);
    await settle(751);
    expect(asked()).toBe(2);
    await settle(1501);
    expect(asked()).toBe(3);
    await settle(60_000);
    expect(asked()).toBeLessThan(10);
    expect(states().at(-1)).toBe('offline');
  });

  it('tries at once when nudged, and only while it waits', async () => {
    tickets.mockRejectedValue(UNREACHED);
    last().events.open();
    last().events.close(1006);
    await settle(20_000);
    const before = tickets.mock.calls.length;
    session.nudge();
    session.nudge();
    await settle();
    expect(tickets.mock.calls.length).toBe(before + 1);
  });

  it('gives up a wire that does not open in time', async () => {
    const first = last();
    await settle(15_300);
    expect(first.closed).toBe(true);
    expect(wires).toHaveLength(2);
    first.letIn(); // too late to count
    expect(states()).not.toContain('live');
  });

  it('gives up a wire that has fallen silent', async () => {
    last().letIn();
    await settle(89_000);
    last().say({ t: 'line', s: 1, e: 'e', boxes: [] });
    await settle(89_000);
    expect(wires).toHaveLength(1);
    await settle(2000);
    expect(wires).toHaveLength(2);
  });

  it('does not hammer a controller that lets in and throws out', async () => {
    for (let i = 0; i < 6; i++) {
      last().letIn();
      last().events.close(4408);
      await settle(20_000);
    }
    const before = wires.length;
    last().letIn();
    last().events.close(4408);
    await settle(5000);
    expect(wires).toHaveLength(before);
  });

  it('starts the topic anew when a frame does not fit', async () => {
    last().letIn();
    last().say(reset(7));
    last().say({ t: 'torrents', s: 8, rows: [{ id: 99, left: 1 }] });
    await settle(200);
    last().letIn();
    expect(last().sent[2]).toEqual({ op: 'subscribe', topic: 'torrents' });
  });

  it('tells a page that comes later everything that it wants, with the ages of now', async () => {
    last().letIn();
    last().say(reset(7));
    last().say({ t: 'line', s: 3, e: 'x', boxes: [{ name: 'demo', line: { state: 'up' }, age_ms: 500 }] });
    await settle(3000);
    expect(session.present(['torrents', 'line', 'host'])).toMatchObject([
      { kind: 'state', state: 'live' },
      { topic: 'torrents', cursor: { epoch: 'e', seq: 7 }, news: { change: { reset: true, complete: true, rows: [{ hash: 'h' }] } } },
      { topic: 'line', cursor: { epoch: 'x', seq: 3 }, news: { boxes: [{ age_ms: 3500 }] } },
    ]);
    expect(session.present(['line'])).toHaveLength(2);
  });

  it('resumes each topic from where it was', async () => {
    last().letIn();
    last().say(reset(7));
    last().say({ t: 'line', s: 3, e: 'x', boxes: [] });
    last().say({ t: 'torrents', s: 8 });
    last().events.close(1006);
    await settle(200);
    last().letIn();
    expect(subscribed()).toEqual([
      { op: 'subscribe', topic: 'line', epoch: 'x', seq: 3 },
      { op: 'subscribe', topic: 'torrents', epoch: 'e', seq: 8 },
    ]);
  });

  it('subscribes to what is opened and ends that when it is closed', async () => {
    session.subscribe('torrent/demo/abc'); // before there is a connection
    last().letIn();
    expect(subscribed()).toContainEqual({ op: 'subscribe', topic: 'torrent/demo/abc' });
    session.unsubscribe('torrent/demo/abc');
    expect(last().sent.at(-1)).toEqual({ op: 'unsubscribe', topic: 'torrent/demo/abc' });
    const told = events.length;
    last().say({ t: 'torrent/demo/abc', s: 1, e: 'e', pending: true }); // was on its way
    expect(events).toHaveLength(told);
    last().events.close(1006);
    await settle(200);
    last().letIn();
    expect(subscribed()).toHaveLength(2);
  });

  it('tells that a topic is gone, and goes on', () => {
    last().letIn();
    last().say({ t: 'torrents', gone: true });
    expect(events.at(-1)).toEqual({ kind: 'gone', topic: 'torrents' });
    last().say({ t: 'line', s: 1, e: 'e', boxes: [] });
    expect(events.at(-1)).toMatchObject({ topic: 'line' });
    expect(wires).toHaveLength(1);
  });

  it('goes on from what an earlier page kept, and tells it at once', async () => {
    session.stop();
    events = [];
    session = new Session({
      dial: (e) => (wires.push(new Far(e)), last()), ticket: () => tickets(), tell: (e) => events.push(e),
      topics: ['line', 'torrents'], kept: [reset(7) as never, { t: 'host', s: 1, e: 'e', boxes: [] }, { nonsense: 1 }],
    });
    expect(events).toMatchObject([{ state: 'connecting' }, { topic: 'torrents', news: { change: { complete: true, rows: [{ id: 1 }] } } }]);
    await settle();
    last().letIn();
    expect(subscribed()).toEqual([{ op: 'subscribe', topic: 'line' }, { op: 'subscribe', topic: 'torrents', epoch: 'e', seq: 7 }]);
  });

  it('tells nothing after stop', async () => {
    last().letIn();
    session.stop();
    const told = events.length;
    last().say(reset(1));
    last().events.close(1006);
    await settle(60_000);
    expect(events).toHaveLength(told);
    expect(wires).toHaveLength(1);
  });
});
