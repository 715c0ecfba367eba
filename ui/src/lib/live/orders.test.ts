import { describe, expect, it } from 'vitest';
import { readValue, type TopicFrame } from './frames';
import { newer, type Order, readOrders } from './orders';
import type { Bag } from './read';
import { Share, type TabMessage, type TabPort } from './share';
import { Topic } from './topic';
import type { LiveEvent, News } from './transport';

const hear = (topic: Topic, members: Bag): News | null => topic.hear(readValue({ t: 'commands', s: 1, ...members }) as TopicFrame);
const raw = (id: string, more: Bag = {}): Bag => ({ id, box: 'demo', user: 'ada', do: 'stop', torrents: ['a'], state: 'sent', done: 0, of: 1, created: '2026-11-21T12:00:00Z', ...more });
const order = (id: string, more: Bag = {}): Order => readOrders([raw(id, more)])[0]!;
const told = (news: News | null): [boolean, string[]] => (news?.kind === 'orders' ? [news.reset, news.orders.map((o) => `${o.id} ${o.state}`)] : [false, []]);

describe('the commands topic', () => {
  it('adds changes to what a reset brought', () => {
    const topic = new Topic('commands');
    expect(told(hear(topic, { s: 1, e: 'e', commands: [raw('1'), raw('2')] }))).toEqual([true, ['1 sent', '2 sent']]);
    expect(told(hear(topic, { s: 2, commands: [raw('2', { state: 'done' })] }))).toEqual([false, ['2 done']]);
    const [event] = topic.present();
    expect(told(event?.kind === 'topic' ? event.news : null)).toEqual([true, ['1 sent', '2 done']]);
  });

  it('tells a reset in parts when all of it has come, and keeps nothing of before', () => {
    const topic = new Topic('commands');
    hear(topic, { s: 1, e: 'e', commands: [raw('old')] });
    expect(hear(topic, { s: 1, e: 'f', more: true, commands: [raw('1')] })).toBeNull();
    expect(told(hear(topic, { s: 1, commands: [raw('2')] }))).toEqual([true, ['1 sent', '2 sent']]);
  });

  it('does not grow for ever', () => {
    const topic = new Topic('commands');
    hear(topic, { s: 1, e: 'e', commands: [raw('under way')] });
    hear(topic, { s: 2, commands: Array.from({ length: 1500 }, (_, i) => raw(`${i}`, { state: 'done' })) });
    const [event] = topic.present();
    const ids = event?.kind === 'topic' && event.news?.kind === 'orders' ? event.news.orders.map((o) => o.id) : [];
    expect([ids.length, ids[0], ids.at(-1)]).toEqual([1000, 'under way', '1499']);
  });

  it('reads nothing into what it does not know', () => {
    expect(readOrders([{ id: 1 }, { id: 'x', state: 'strange' }, null, 7])).toEqual([]);
    expect(order('1', { torrents: undefined, result: { fault: { code: 'c', text: 't' }, faults: [{ hash: 'a', fault: null }] } })).toMatchObject({
      torrents: null, result: { fault: { code: 'c', text: 't' }, faults: [{ hash: 'a', fault: { code: '', text: '' } }], added: null },
    });
  });
});

describe('newer', () => {
  it('lets nothing that is late undo what is known', () => {
    const done = order('1', { state: 'done' });
    expect(newer(done, order('1', { state: 'sent' }))).toBe(done);
    expect(newer(order('1', { state: 'sent', done: 5 }), order('1', { state: 'waiting' })).state).toBe('sent');
    expect(newer(order('1', { state: 'sent', done: 5 }), order('1', { state: 'sent', done: 3 })).done).toBe(5);
  });

  it('keeps the torrents of an order that is told without them', () => {
    expect(newer(order('1'), order('1', { state: 'done', torrents: undefined })).torrents).toEqual(['a']);
  });
});

it('goes to all tabs through the worker, and to one that comes later as a whole', () => {
  const topic = new Topic('commands');
  let tell: (event: LiveEvent) => void = () => {};
  const share = new Share({
    start: (_, config) => {
      tell = config.tell;
      return { subscribe: () => {}, unsubscribe: () => {}, nudge: () => {}, stop: () => {}, present: () => topic.present() };
    },
    gone: () => new Promise(() => {}),
  });
  const open = (): LiveEvent[] => {
    const heard: LiveEvent[] = [];
    const port: TabPort = { onmessage: null, postMessage: (e) => heard.push(structuredClone(e)) };
    share.attach(port);
    const join: TabMessage = { op: 'join', wish: { api: '', topics: ['commands'], kept: [] }, lock: 'l' };
    port.onmessage?.(new MessageEvent('message', { data: join }));
    return heard;
  };
  const say = (members: Bag): void => tell({ kind: 'topic', topic: 'commands', cursor: topic.cursor, news: hear(topic, members) });
  const a = open();
  say({ s: 1, e: 'e', commands: [raw('1')] });
  const b = open();
  say({ s: 2, commands: [raw('1', { state: 'done' })] });
  const words = (heard: LiveEvent[]) => heard.map((e) => (e.kind === 'topic' ? told(e.news) : []));
  expect(words(a)).toEqual([[true, ['1 sent']], [false, ['1 done']]]);
  expect(words(b)).toEqual(words(a));
});
