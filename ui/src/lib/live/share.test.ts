import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Session } from './session';
import { Share, SharedTransport, type TabMessage, type TabPort } from './share';
import type { LiveEvent } from './transport';

interface Tab {
  port: TabPort;
  heard: LiveEvent[];
  say: (message: TabMessage) => void;
  crash: () => Promise<void>;
}

let tell: (event: LiveEvent) => void;
let started: number;
let stopped: number;
let locks: Map<string, () => void>;
let share: Share;

beforeEach(() => {
  started = stopped = 0;
  locks = new Map();
  share = new Share({
    start: (_, t) => {
      started++;
      tell = t;
      const session = new Session({ dial: () => ({ send: () => {}, close: () => {} }), ticket: () => new Promise(() => {}), tell: t });
      const stop = session.stop.bind(session);
      vi.spyOn(session, 'stop').mockImplementation(() => {
        stopped++;
        stop();
      });
      return session;
    },
    gone: (lock) => new Promise((resolve) => locks.set(lock, resolve)),
  });
});

function open(name: string): Tab {
  const heard: LiveEvent[] = [];
  const port: TabPort = { onmessage: null, postMessage: (e) => heard.push(e) };
  share.attach(port);
  const say = (message: TabMessage): void => port.onmessage?.(new MessageEvent('message', { data: message }));
  say({ op: 'join', api: 'http://home/api/v1/', lock: name });
  return {
    port, heard, say,
    crash: async () => {
      locks.get(name)?.();
      await Promise.resolve();
    },
  };
}

const LIVE: LiveEvent = { kind: 'state', state: 'live', text: '' };

describe('Share', () => {
  it('keeps one session for all tabs and tells each of them', () => {
    const a = open('a');
    const b = open('b');
    tell(LIVE);
    expect(started).toBe(1);
    expect(a.heard.at(-1)).toEqual(LIVE);
    expect(b.heard.at(-1)).toEqual(LIVE);
    expect(b.heard[0]).toMatchObject({ kind: 'state', state: 'connecting' }); // what there was before it came
  });

  it('stops the session when the last tab has left or is gone', async () => {
    const a = open('a');
    const b = open('b');
    a.say({ op: 'leave' });
    expect(stopped).toBe(0);
    await b.crash();
    expect(stopped).toBe(1);
    open('c');
    expect(started).toBe(2);
  });

  it('ends for all tabs, and starts anew for the next', () => {
    const a = open('a');
    const b = open('b');
    tell({ kind: 'ended', why: 'signed-out' });
    for (const tab of [a, b]) expect(tab.heard.at(-1)).toEqual({ kind: 'ended', why: 'signed-out' });
    open('c');
    expect(started).toBe(2);
    const heard = a.heard.length;
    tell(LIVE);
    expect(a.heard).toHaveLength(heard);
  });
});

describe('SharedTransport', () => {
  it('joins, passes on, and leaves', () => {
    const said: TabMessage[] = [];
    const heard: LiveEvent[] = [];
    const release = vi.fn();
    const port = { onmessage: null as ((e: MessageEvent<LiveEvent>) => void) | null, postMessage: (m: TabMessage) => void said.push(m) };
    const transport = new SharedTransport(port, { api: 'x', lock: 'l', release }, (e) => heard.push(e));
    port.onmessage?.(new MessageEvent('message', { data: LIVE }));
    transport.nudge();
    transport.stop();
    expect(said).toEqual([{ op: 'join', api: 'x', lock: 'l' }, { op: 'nudge' }, { op: 'leave' }]);
    expect(heard).toEqual([LIVE]);
    expect(release).toHaveBeenCalledOnce();
    expect(port.onmessage).toBeNull();
  });
});
