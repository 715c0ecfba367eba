import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Share, SharedTransport, type TabMessage, type TabPort } from './share';
import type { LiveEvent } from './transport';

interface Tab {
  port: TabPort;
  heard: LiveEvent[];
  say: (message: TabMessage) => void;
  crash: () => Promise<void>;
}

let tell: (event: LiveEvent) => void;
let started: string[][];
let calls: string[];
let locks: Map<string, () => void>;
let share: Share;

const STATE: LiveEvent = { kind: 'state', state: 'connecting', text: '' };
const news = (topic: string): LiveEvent => ({ kind: 'topic', topic, cursor: null, news: null });

beforeEach(() => {
  started = [];
  calls = [];
  locks = new Map();
  share = new Share({
    start: (_, config) => {
      started.push([...config.topics]);
      tell = config.tell;
      tell(STATE);
      return {
        subscribe: (topic) => calls.push(`+${topic}`), unsubscribe: (topic) => calls.push(`-${topic}`),
        nudge: () => calls.push('nudge'), stop: () => calls.push('stop'),
        present: (topics) => [STATE, ...topics.map(news)],
      };
    },
    gone: (lock) => new Promise((resolve) => locks.set(lock, resolve)),
  });
});

function open(name: string, topics = ['line']): Tab {
  const heard: LiveEvent[] = [];
  const port: TabPort = { onmessage: null, postMessage: (e) => heard.push(e) };
  share.attach(port);
  const say = (message: TabMessage): void => port.onmessage?.(new MessageEvent('message', { data: message }));
  say({ op: 'join', wish: { api: 'http://home/api/v1/', topics, kept: [] }, lock: name });
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
    expect(started).toEqual([['line']]);
    expect(a.heard.at(-1)).toEqual(LIVE);
    expect(b.heard.at(-1)).toEqual(LIVE);
    expect(b.heard[0]).toMatchObject({ kind: 'state', state: 'connecting' }); // what there was before it came
  });

  it('stops the session when the last tab has left or is gone', async () => {
    const a = open('a');
    const b = open('b');
    a.say({ op: 'leave' });
    expect(calls).toEqual([]);
    await b.crash();
    expect(calls).toEqual(['stop']);
    open('c');
    expect(started).toHaveLength(2);
  });

  it('ends for all tabs, and starts anew for the next', () => {
    const a = open('a');
    const b = open('b');
    tell({ kind: 'ended', why: 'signed-out' });
    for (const tab of [a, b]) expect(tab.heard.at(-1)).toEqual({ kind: 'ended', why: 'signed-out' });
    open('c');
    expect(started).toHaveLength(2);
    const heard = a.heard.length;
    tell(LIVE);
    expect(a.heard).toHaveLength(heard);
  });
});

describe('topics of tabs', () => {
  const detail = 'torrent/demo/abc';

  it('are subscribed to while any tab wants them', () => {
    const a = open('a');
    const b = open('b');
    a.say({ op: 'subscribe', topic: detail });
    b.say({ op: 'subscribe', topic: detail });
    expect(calls).toEqual([`+${detail}`]);
    expect(b.heard.at(-1)).toEqual(news(detail)); // what there is already
    a.say({ op: 'unsubscribe', topic: detail });
    expect(calls).toHaveLength(1);
    b.say({ op: 'leave' });
    expect(calls).toEqual([`+${detail}`, `-${detail}`]);
  });

  it('are told to those tabs that want them', () => {
    const a = open('a');
    const b = open('b', ['line', detail]);
    expect(calls).toEqual([`+${detail}`]);
    const heard = a.heard.length;
    tell(news(detail));
    expect(a.heard).toHaveLength(heard);
    expect(b.heard.at(-1)).toEqual(news(detail));
    tell({ kind: 'gone', topic: 'line' });
    expect(a.heard.at(-1)).toEqual({ kind: 'gone', topic: 'line' });
  });
});

describe('SharedTransport', () => {
  it('joins, passes on, and leaves', () => {
    const said: TabMessage[] = [];
    const heard: LiveEvent[] = [];
    const release = vi.fn();
    const wish = { api: 'x', topics: ['line'], kept: [] };
    const port = { onmessage: null as ((e: MessageEvent<LiveEvent>) => void) | null, postMessage: (m: TabMessage) => void said.push(m) };
    const transport = new SharedTransport(port, { wish, lock: 'l', release }, (e) => heard.push(e));
    port.onmessage?.(new MessageEvent('message', { data: LIVE }));
    transport.nudge();
    transport.stop();
    expect(said).toEqual([{ op: 'join', wish, lock: 'l' }, { op: 'nudge' }, { op: 'leave' }]);
    expect(heard).toEqual([LIVE]);
    expect(release).toHaveBeenCalledOnce();
    expect(port.onmessage).toBeNull();
  });
});
