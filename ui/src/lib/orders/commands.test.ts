import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../api/call';
import { BoxesApi } from '../api/boxes';
import { CommandsApi } from '../api/commands';
import { type Order, readOrders } from '../live/orders';
import type { Fields } from '../live/torrent';
import { Torrents } from '../rows/torrents.svelte';
import { Actor } from './actor';
import { Commands } from './commands.svelte';

const hash = (c: string): string => c.repeat(40);
const key = (c: string): string => `demo/${hash(c)}`;
const target = (c: string) => ({ box: 'demo', hash: hash(c) });
const order = (more: object = {}): Order =>
  readOrders([{ id: '1', box: 'demo', do: 'stop', torrents: [hash('a'), hash('b')], state: 'sent', of: 2, created: '2026-11-21T12:00:00Z', ...more }])[0]!;
const fault = { code: 'daemon-refused', text: 'no data' };

let torrents: Torrents;
let whole: ReturnType<typeof vi.fn<(id: string) => Promise<Order>>>;
let commands: Commands;

function rows(fields: Partial<Fields>, ...names: string[]): void {
  const change = { rows: names.map((c, i) => ({ id: i, box: 'demo', hash: hash(c), fields })), removed: [], reset: false, complete: true };
  torrents.apply(change);
  commands.look(change);
}
const pending = (): string[] => [...commands.intents.keys()].map((k) => k[5]!).sort();
const said = (): string[] => commands.sayings.map((s) => `${s.tone}: ${s.text}`);

beforeEach(() => {
  vi.useFakeTimers();
  torrents = new Torrents();
  whole = vi.fn();
  commands = new Commands(torrents, { get: whole });
  rows({ name: 'n', status: 'seeding' }, 'a', 'b');
});
afterEach(() => void vi.useRealTimers());

describe('what was asked for', () => {
  it('shows at once, until its order has ended and the rows tell so', () => {
    const name = commands.begin('stop', [target('a'), target('b')]);
    expect(pending()).toEqual(['a', 'b']);
    commands.placed(name, [order()]);
    expect(pending()).toEqual(['a', 'b']);
    commands.hear([order({ state: 'done', result: { done: 2 } })], false);
    expect(pending()).toEqual(['a', 'b']); // the rows come a moment later
    rows({ status: 'stopped' }, 'a');
    expect(pending()).toEqual(['b']);
    rows({ status: 'stopped' }, 'b');
    expect(pending()).toEqual([]);
    expect(said()).toEqual(['good: Stopped: 2 torrents.']);
  });

  it('does not stay when its rows never tell so', () => {
    commands.hear([order()], false);
    commands.hear([order({ state: 'done', result: { done: 2 } })], false);
    vi.advanceTimersByTime(3000);
    expect(pending()).toEqual(['a', 'b']);
    vi.advanceTimersByTime(2000);
    expect(pending()).toEqual([]);
  });

  it('ends at once where the rows came first', () => {
    commands.hear([order()], false);
    rows({ status: 'stopped' }, 'a', 'b');
    commands.hear([order({ state: 'done', result: { done: 2 } })], false);
    expect(pending()).toEqual([]);
  });

  it('falls back alone where it failed, and says why', () => {
    const name = commands.begin('stop', [target('a'), target('b')]);
    commands.placed(name, [order()]);
    commands.hear([order({ state: 'done', result: { done: 1, failed: 1, faults: [{ hash: hash('a'), fault }] } })], false);
    expect(pending()).toEqual(['b']);
    expect(said()).toEqual(['bad: Stopped: 1 of 2. No data.']);
    expect(commands.unseen).toBe(1);
    commands.seen();
    expect(commands.unseen).toBe(0);
  });

  it.each([
    ['failed', { fault }, 'bad: Stop failed: No data.'],
    ['expired', undefined, 'bad: Stop: given up, the box was not reached in time.'],
    ['cancelled', undefined, 'good: Stop: cancelled.'],
  ])('falls back as a whole when it is %s', (state, result, text) => {
    commands.placed(commands.begin('stop', [target('a'), target('b')]), [order()]);
    commands.hear([order({ state, result })], false);
    expect(pending()).toEqual([]);
    expect(said()).toEqual([text]);
  });

  it('hears the end before the answer to its request', () => {
    const name = commands.begin('stop', [target('a'), target('b')]);
    commands.hear([order()], false);
    commands.hear([order({ state: 'done', result: { done: 2 } })], false);
    rows({ status: 'stopped' }, 'a', 'b');
    commands.placed(name, [order({ state: 'waiting' })]); // as it was when it was taken
    expect(pending()).toEqual([]);
    expect(commands.list[0]!.state).toBe('done');
    expect(said()).toEqual(['good: Stopped: 2 torrents.']);
  });

  it('is the newest of several, and the one before when that ended', () => {
    commands.hear([order(), order({ id: '2', do: 'verify', torrents: [hash('a')] })], false);
    expect(commands.intents.get(key('a'))?.do).toBe('verify');
    commands.hear([order({ id: '2', do: 'verify', torrents: [hash('a')], state: 'cancelled' })], false);
    expect(commands.intents.get(key('a'))?.do).toBe('stop');
  });

  it('knows the torrents of an order that is told without them', () => {
    commands.placed(commands.begin('stop', [target('a'), target('b')]), [order({ torrents: undefined })]);
    expect(pending()).toEqual(['a', 'b']);
    commands.hear([order({ torrents: undefined, state: 'failed', result: { fault } })], false);
    expect(pending()).toEqual([]);
  });

  it('shows another tab’s too, but says nothing of it', () => {
    commands.hear([order()], false);
    expect(pending()).toEqual(['a', 'b']);
    commands.hear([order({ state: 'failed', result: { fault } })], false);
    expect(pending()).toEqual([]);
    expect(said()).toEqual([]);
    expect(commands.unseen).toBe(1);
  });

  it('shows another tab’s too when its torrents are too many to be told', async () => {
    whole.mockResolvedValue(order());
    const told = order({ torrents: undefined });
    commands.hear([told], false);
    commands.hear([{ ...told, done: 1 }], false);
    await vi.advanceTimersByTimeAsync(0);
    expect(pending()).toEqual(['a', 'b']);
    expect(whole.mock.calls).toEqual([['1']]);
    commands.hear([{ ...told, state: 'failed', result: order({ result: { fault } }).result }], false);
    expect(pending()).toEqual([]);
  });

  it('is as it was when its torrents come after its end, or not at all', async () => {
    let tell: (o: Order) => void = () => {};
    whole.mockReturnValueOnce(new Promise((told) => (tell = told)));
    whole.mockRejectedValueOnce(new ApiError(0, 'unreachable', 'The controller does not answer.'));
    const told = [order({ torrents: undefined }), order({ id: '2', torrents: undefined })];
    commands.hear(told, false);
    commands.hear([order({ torrents: undefined, state: 'done', result: { done: 2 } })], false);
    tell(order());
    await vi.advanceTimersByTimeAsync(0);
    expect(pending()).toEqual([]);
    expect(said()).toEqual([]);
  });

  it('does not ask for what this tab has asked for', () => {
    const name = commands.begin('stop', [target('a'), target('b')]);
    commands.hear([order({ torrents: undefined })], false);
    commands.placed(name, [order({ torrents: undefined })]);
    commands.hear([order({ torrents: undefined, done: 1 })], false);
    expect(whole).not.toHaveBeenCalled();
    whole.mockReturnValue(new Promise(() => {}));
    commands.hear([order({ id: '2', torrents: undefined }), order({ id: '3', do: 'add', torrents: undefined, of: 1 })], false);
    expect(whole.mock.calls).toEqual([['2']]);
  });

  it('is gone with its torrent', () => {
    commands.hear([order({ do: 'remove' })], false);
    commands.look({ rows: [], removed: [key('a')] });
    expect(pending()).toEqual(['b']);
  });
});

describe('a reset', () => {
  it('takes away what it does not name, but not what the topic has yet to tell', () => {
    commands.hear([order()], true);
    commands.placed(commands.begin('verify', [target('a')]), [order({ id: 'new', do: 'verify', torrents: [hash('a')] })]);
    commands.hear([], true);
    expect(pending()).toEqual(['a']);
    expect(commands.list.map((o) => o.id)).toEqual(['new']);
  });
});

it('lets go of what ended an hour before the newest, by the controller’s clock', () => {
  const ended = (id: string, at: string): Order => order({ id, state: 'done', created: at, ended: at, result: { done: 2 } });
  commands.hear([ended('1', '2026-11-21T10:00:00Z'), ended('2', '2026-11-21T11:30:00Z'), order({ id: '3', created: '2026-11-21T09:00:00Z' })], true);
  commands.hear([ended('4', '2026-11-21T12:00:00Z')], false);
  expect(commands.list.map((o) => o.id)).toEqual(['4', '2', '3']);
});

describe('Actor', () => {
  it('shows what is asked for before the answer, and takes it back when it is refused', async () => {
    let refuse: (err: Error) => void = () => {};
    const call = (): Promise<unknown> => new Promise((_, no) => (refuse = no));
    const actor = new Actor({ commands: new CommandsApi(call), boxes: new BoxesApi(call) }, commands);
    const asked = actor.act([target('a')], { do: 'stop' });
    expect(pending()).toEqual(['a']);
    refuse(new ApiError(403, 'not-owner', 'It is not yours.'));
    expect(await asked).toBeNull();
    expect(pending()).toEqual([]);
    expect(said()).toEqual(['bad: It is not yours.']);
  });

  it('asks once for thousands, of any boxes', async () => {
    const bodies: { torrents: object[] }[] = [];
    const call = (_: string, __: string, body?: object): Promise<unknown> => {
      bodies.push(body as { torrents: object[] });
      return Promise.resolve({ commands: [] });
    };
    const actor = new Actor({ commands: new CommandsApi(call), boxes: new BoxesApi(call) }, commands);
    await actor.act(Array.from({ length: 12_000 }, (_, i) => ({ box: `b${i % 2}`, hash: String(i).padStart(40, '0') })), { do: 'stop' });
    expect(bodies.map((b) => b.torrents.length)).toEqual([12_000]);
    expect(Object.keys(bodies[0]!).sort()).toEqual(['do', 'torrents']);
    expect(pending()).toEqual([]);
  });
});
