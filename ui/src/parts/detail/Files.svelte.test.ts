// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BoxesApi } from '../../lib/api/boxes';
import { CommandsApi } from '../../lib/api/commands';
import { Clock } from '../../lib/clock.svelte';
import { Detail } from '../../lib/detail/detail.svelte';
import { readDetail } from '../../lib/live/detail';
import { BLANK } from '../../lib/live/torrent';
import { Actor } from '../../lib/orders/actor';
import { Commands } from '../../lib/orders/commands.svelte';
import { Torrent, Torrents } from '../../lib/rows/torrents.svelte';
import { find, noOrders, type } from '../../testing/page';
import Files from './Files.svelte';

const hash = 'a'.repeat(40);
let bodies: unknown[];
let shown: ReturnType<typeof mount> | null;

beforeEach(() => {
  vi.useFakeTimers();
  bodies = [];
  const call = (_: string, __: string, body?: object): Promise<unknown> => {
    bodies.push(body);
    return Promise.resolve({ commands: [] });
  };
  const actor = new Actor({ commands: new CommandsApi(call), boxes: new BoxesApi(call) }, new Commands(new Torrents(), noOrders));
  const detail = new Detail('demo', hash, new Clock());
  detail.hear(readDetail({ files: [0, 1, 2].map((i) => ({ i, name: `n/f${i}`, size: 100, have: 0, priority: 0 })) }));
  const torrent = new Torrent({ id: 1, box: 'demo', hash, fields: { ...BLANK, name: 'n' } });
  shown = mount(Files, { target: document.body, props: { detail, torrent, actor, scroller: document.body } });
  flushSync();
});
afterEach(async () => {
  await close();
  vi.useRealTimers();
});
async function close(): Promise<void> {
  if (shown) await unmount(shown);
  shown = null;
}
const want = (i: number): void => {
  find(`[data-file="${i}"] [data-do=want]`).click();
  flushSync();
};
const change = (changes: object): object => ({ do: 'change', change: changes, torrents: [{ box: 'demo', hash }] });

it('makes one order of what is set in one go', async () => {
  want(0);
  want(2);
  expect(find('[data-file="2"]').textContent).toContain('not wanted, asked for');
  type('[data-file="1"] [data-do=priority]', '1');
  want(0);
  expect(bodies).toEqual([]);
  await vi.runAllTimersAsync();
  expect(bodies).toEqual([change({ want: [0], skip: [2], high: [1] })]);
});

it('names all of them by one number', async () => {
  find('[data-do=files-none]').click();
  await vi.runAllTimersAsync();
  expect(bodies).toEqual([change({ skip: [-1] })]);
});

it('forgets nothing when it is left at once', async () => {
  want(1);
  await close();
  expect(bodies).toEqual([change({ skip: [1] })]);
});
