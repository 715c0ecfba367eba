// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock } from '../../lib/clock.svelte';
import { Detail } from '../../lib/detail/detail.svelte';
import { BoxesApi } from '../../lib/api/boxes';
import { CommandsApi } from '../../lib/api/commands';
import { type Grant, OwnersApi } from '../../lib/api/owners';
import { type DetailChange, readDetail } from '../../lib/live/detail';
import { BLANK, type Fields } from '../../lib/live/torrent';
import { Actor } from '../../lib/orders/actor';
import { Commands } from '../../lib/orders/commands.svelte';
import { Torrent, Torrents } from '../../lib/rows/torrents.svelte';
import { eventually, noOrders, type } from '../../testing/page';
import DetailPanel from './DetailPanel.svelte';

const FILES = 20_000;
const hash = 'a'.repeat(40);
let detail: Detail;
let panel: ReturnType<typeof mount>;
let drawn: MutationObserver;
let closed: number;
let bodies: unknown[];

class FakeOwners extends OwnersApi {
  list: Grant[] = [{ user: 'ben', access: 'see' }];
  override grants = vi.fn(() => Promise.resolve(this.list));
  override grant = vi.fn(() => Promise.resolve(1));
}
const call = (_: string, __: string, body?: object): Promise<unknown> => {
  bodies.push(body);
  return Promise.resolve({ commands: [] });
};
const owners = new FakeOwners(() => Promise.reject(new Error('nobody is asked')));

const whole = (): DetailChange => ({
  ...readDetail({
    files: Array.from({ length: FILES }, (_, i) => ({ i, name: `n/f${i}`, size: 100, have: 0 })),
    peers: [{ addr: '203.0.113.1:5', client: 'c', down: 1000 }, { addr: '203.0.113.2:5', client: 'd' }],
    trackers: [{ announce: 'https://t.example.org/SECRET', result: 'Success', state: 'waiting' }], info: { dir: '/srv' },
  }),
  reset: true,
});

function open(fields: Partial<Fields> = {}, more: { admin?: boolean; torrent?: undefined } = {}): void {
  const torrent = new Torrent({ id: 1, box: 'demo', hash, fields: { ...BLANK, name: 'n', status: 'downloading', size: 10, left: 5, ...fields } });
  detail = new Detail('demo', hash, new Clock());
  const actor = new Actor({ commands: new CommandsApi(call), boxes: new BoxesApi(call) }, new Commands(new Torrents(), noOrders));
  panel = mount(DetailPanel, {
    target: document.body,
    props: { detail, torrent, complete: true, stale: false, admin: false, actor, owners, choose: () => {}, menu: () => {}, clock: new Clock(), close: () => void closed++, ...more },
  });
  flushSync();
}
function hear(change: DetailChange): void {
  detail.hear(change);
  flushSync();
}
function tab(name: string): void {
  document.querySelector<HTMLElement>(`[data-tab=${name}]`)!.click();
  flushSync();
}
const find = (selector: string): HTMLElement | null => document.querySelector<HTMLElement>(selector);
const body = (): string => find('.body')!.textContent!;

beforeEach(() => {
  closed = 0;
  bodies = [];
  vi.stubGlobal('ResizeObserver', class { observe(): void {} disconnect(): void {} });
  vi.stubGlobal('matchMedia', () => ({ addEventListener: () => {}, removeEventListener: () => {} }));
  Element.prototype.scrollTo = () => {};
  drawn = new MutationObserver(() => {});
});
afterEach(async () => {
  await unmount(panel);
  vi.unstubAllGlobals();
});

describe('DetailPanel', () => {
  it('has the marks that others find it by', () => {
    open();
    hear(whole());
    expect(find('[data-detail]')!.dataset).toMatchObject({ detail: 'here', hash, box: 'demo' });
    tab('files');
    expect(find('[data-file="0"]')).not.toBeNull();
    tab('peers');
    expect(find('[data-peer="203.0.113.1:5"]')).not.toBeNull();
  });

  it('says what it waits for, and what is not known yet', () => {
    open();
    expect(body()).toContain('Asking the box');
    tab('files');
    expect(body()).toContain('Asking the box');
  });

  it('says that a link’s content is still being fetched', () => {
    open({ metadata: 2500 });
    hear({ ...whole(), files: [] });
    expect(body()).toContain('25.0');
    tab('files');
    expect(body()).toContain('still being fetched');
  });

  it('says that there is no such torrent, and shows nothing of it', () => {
    open({}, { torrent: undefined });
    expect(body()).toContain('not yours to see');
    expect(find('[role=tab]')).toBeNull();
  });

  it('has only the files in view in the document', () => {
    open();
    hear(whole());
    tab('files');
    expect(find('[data-file]')!.parentElement!.getAttribute('aria-setsize')).toBe(String(FILES));
    expect(document.querySelectorAll('[data-file]').length).toBeLessThan(60);
  });

  it('draws only the file and the peer that changed', () => {
    open();
    hear(whole());
    for (const [name, members, selector] of [
      ['files', { files: [{ i: 1, name: 'n/f1', size: 100, have: 50 }] }, '[data-file="1"]'],
      ['peers', { peers: [{ addr: '203.0.113.1:5', client: 'c', down: 2000 }] }, '[data-peer="203.0.113.1:5"]'],
    ] as const) {
      tab(name);
      drawn.observe(find('.body')!, { subtree: true, childList: true, attributes: true, characterData: true });
      hear(readDetail(members));
      const where = drawn.takeRecords().map((r) => (r.target instanceof Element ? r.target : r.target.parentElement!).closest(selector));
      expect(where.length).toBeGreaterThan(0);
      expect(where).not.toContain(null);
      drawn.disconnect();
    }
  });

  it('goes from tab to tab by arrows', () => {
    open();
    find('[data-tab=overview]')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }));
    flushSync();
    expect(find('[aria-selected=true]')!.dataset.tab).toBe('files');
    find('[data-tab=files]')!.dispatchEvent(new KeyboardEvent('keydown', { key: 'End', bubbles: true }));
    flushSync();
    expect(document.activeElement).toBe(find('[data-tab=sharing]'));
  });

  it('shows no tracker’s secret until it is asked for', () => {
    open();
    hear(whole());
    tab('trackers');
    expect(find('[data-tracker] .host')!.textContent).not.toContain('SECRET');
    expect(find('details')!.hasAttribute('open')).toBe(false);
  });

  it('takes a first tracker for what has none, from owners', async () => {
    open();
    hear({ ...whole(), trackers: [] });
    tab('trackers');
    expect(body()).toContain('It has no trackers');
    type('[name=announces]', 'udp://t.example.org:1/announce');
    find('[data-do=add-trackers]')!.click();
    expect(bodies).toEqual([{ do: 'change', change: { add_trackers: ['udp://t.example.org:1/announce'] }, torrents: [{ box: 'demo', hash }] }]);
    await unmount(panel);
    open({ access: 'act' });
    hear({ ...whole(), trackers: [] });
    tab('trackers');
    expect(find('[name=announces]')).toBeNull();
  });

  it('closes', () => {
    open();
    find('[data-close]')!.click();
    expect(closed).toBe(1);
  });
});

describe('sharing', () => {
  it('is for owners and administrators', async () => {
    open({ access: 'act' });
    expect(find('[data-tab=sharing]')).toBeNull();
    await unmount(panel);
    open({ access: 'act' }, { admin: true });
    expect(find('[data-tab=sharing]')).not.toBeNull();
  });

  it('shows who has it, gives it, and says why not', async () => {
    open({ access: 'own' });
    tab('sharing');
    await eventually(() => expect(find('[data-grant=ben]')).not.toBeNull());
    expect([...document.querySelectorAll('option')].map((o) => o.value)).toEqual(['see', 'act']);
    const { ApiError } = await import('../../lib/api');
    owners.grant.mockRejectedValueOnce(new ApiError(404, 'no-user', 'There is no such user.'));
    const input = find('input[name=share]') as HTMLInputElement;
    input.value = ' cleo ';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    find('form [type=submit]')!.click();
    expect(owners.grant).toHaveBeenLastCalledWith([{ box: 'demo', hash }], 'cleo', 'see');
    await eventually(() => expect(find('[role=alert]')!.textContent).toBe('There is no such user.'));
    find('[data-grant=ben] button')!.click();
    await eventually(() => expect(owners.grant).toHaveBeenLastCalledWith([{ box: 'demo', hash }], 'ben', 'none'));
  });
});
