import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Ways } from './ways';
import type { Dial, WireEvents } from './wire';

let dialled: { way: string; events: WireEvents }[];
let reachable: boolean;
let ways: Ways;

const way = (name: string): Dial => (events) => {
  dialled.push({ way: name, events });
  return { send: () => {}, close: () => {} };
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'] });
  dialled = [];
  reachable = true;
  ways = new Ways({ socket: way('socket'), stream: way('stream'), reachable: () => Promise.resolve(reachable) });
});
afterEach(() => void vi.useRealTimers());

/** Dials, lets the connection speak or not, and breaks it. */
async function attempt(how: 'speaks' | 'fails' | 'refuses' | 'is given up'): Promise<string> {
  const wire = ways.dial({ open: () => {}, message: () => {}, close: () => {} });
  const { way, events } = dialled.at(-1)!;
  if (how === 'speaks') events.message('{}');
  if (how === 'is given up') wire.close();
  else events.close(how === 'refuses' ? 4401 : 1006);
  await Promise.resolve();
  await Promise.resolve();
  return way;
}
const after = (ms: number): void => vi.setSystemTime(Date.now() + ms) as unknown as void;

it('takes the stream after two sockets in a row could not be opened', async () => {
  expect(await attempt('fails')).toBe('socket');
  expect(await attempt('is given up')).toBe('socket');
  expect(await attempt('speaks')).toBe('stream');
  expect(await attempt('speaks')).toBe('stream');
});

it('keeps to sockets when the controller has spoken on one of them', async () => {
  await attempt('fails');
  await attempt('speaks');
  await attempt('fails');
  expect(await attempt('refuses')).toBe('socket');
  await attempt('fails');
  expect(await attempt('fails')).toBe('socket');
});

it('does not blame the sockets when nothing gets through', async () => {
  reachable = false;
  for (let i = 0; i < 5; i++) expect(await attempt('fails')).toBe('socket');
});

it('tries a socket again after some minutes', async () => {
  await attempt('fails');
  await attempt('fails');
  expect(await attempt('speaks')).toBe('stream');
  after(4 * 60_000);
  expect(await attempt('speaks')).toBe('stream');
  after(2 * 60_000);
  expect(await attempt('speaks')).toBe('socket');
});

it('goes back to sockets when the stream cannot be opened either', async () => {
  await attempt('fails');
  await attempt('fails');
  expect(await attempt('fails')).toBe('stream');
  expect(await attempt('fails')).toBe('socket');
});
