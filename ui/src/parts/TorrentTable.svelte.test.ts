// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Boxes } from '../lib/boxes.svelte';
import { Clock } from '../lib/clock.svelte';
import type { Place } from '../lib/detail/place';
import type { Row } from '../lib/live/torrent';
import type { Intent } from '../lib/orders/commands.svelte';
import { Picks } from '../lib/rows/picks.svelte';
import { Listing } from '../lib/rows/listing.svelte';
import { type Torrent, Torrents } from '../lib/rows/torrents.svelte';
import TorrentTable from './TorrentTable.svelte';

const MANY = 10_000;
const hash = (i: number): string => i.toString(16).padStart(40, '0');

let torrents: Torrents;
let listing: Listing;
let table: ReturnType<typeof mount>;
let unfollow: () => void;
let opened: Place[];
let picks: Picks<Torrent>;
let menus: object[];
let intents: SvelteMap<string, Intent>;

const change = (rows: Row[], removed: string[] = []) => ({ rows, removed, reset: false, complete: true });
const shown = (): string[] => [...document.querySelectorAll<HTMLElement>('[data-hash]')].map((e) => e.dataset.hash!);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  vi.stubGlobal('scrollBy', () => {});
  vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  opened = [];
  torrents = new Torrents();
  listing = new Listing(torrents, { sort: 'down', descending: true });
  unfollow = $effect.root(() => {
    $effect(() => listing.follow());
  });
  const rows = Array.from({ length: MANY }, (_, i) => ({ id: i, box: 'demo', hash: hash(i), fields: { name: `t${i}`, rate_down: MANY - i } }));
  torrents.apply(change(rows));
  flushSync();
  picks = new Picks(() => listing.rows);
  menus = [];
  intents = new SvelteMap();
  const boxes = new Boxes(new Clock());
  table = mount(TorrentTable, { target: document.body, props: { listing, boxes, head: 0, sortBy: () => {}, open: (place: Place) => opened.push(place), picks, intents, menu: (at: object) => menus.push(at) } });
  flushSync();
});
afterEach(async () => {
  await unmount(table);
  unfollow();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('TorrentTable', () => {
  it('has only the rows in view in the document, of however many', () => {
    expect(document.querySelector('[role=grid]')?.getAttribute('aria-rowcount')).toBe(String(MANY + 1));
    expect(shown().length).toBeLessThan(60);
    expect(shown()[0]).toBe(hash(0));
  });

  it('settles at most once a second', () => {
    vi.advanceTimersByTime(1500);
    torrents.apply(change([{ id: 5, box: 'demo', hash: hash(5), fields: { rate_down: 20_000 } }]));
    flushSync();
    expect(shown()[0]).toBe(hash(5));
    torrents.apply(change([{ id: 6, box: 'demo', hash: hash(6), fields: { rate_down: 30_000 } }]));
    flushSync();
    expect(shown()[0]).toBe(hash(5));
    vi.advanceTimersByTime(1000);
    flushSync();
    expect(shown()[0]).toBe(hash(6));
  });

  it('follows a choice at once', () => {
    listing.choose({ text: 't9999' });
    flushSync();
    expect(shown()).toEqual([hash(9999)]);
  });

  it('lets a removed torrent go', () => {
    vi.advanceTimersByTime(1500);
    torrents.apply(change([], [`demo/${hash(0)}`]));
    flushSync();
    expect(shown()[0]).toBe(hash(1));
    expect(torrents.counts.all).toBe(MANY - 1);
  });

  it('opens a row wherever it is clicked, but leaves new tabs to the browser', () => {
    const row = document.querySelector<HTMLElement>('[data-hash]')!;
    row.querySelector<HTMLElement>('.size')!.click();
    expect(opened).toEqual([{ box: 'demo', hash: hash(0) }]);
    row.querySelector('a')!.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey: true }));
    expect(opened).toHaveLength(1);
  });

  it('goes from row to row by arrows', () => {
    const links = [...document.querySelectorAll<HTMLElement>('[data-hash] a')];
    links[0]!.focus();
    links[0]!.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', bubbles: true }));
    expect(document.activeElement).toBe(links[1]);
  });
});

describe('selecting', () => {
  const row = (n: number): HTMLElement => document.querySelector<HTMLElement>(`[aria-rowindex="${n + 2}"]`)!;
  const picked = (): number[] => picks.items.map((t) => t.id);
  function click(target: Element, more: MouseEventInit = {}): void {
    target.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, ...more }));
    flushSync();
  }
  function press(target: Element, key: string, more: KeyboardEventInit = {}): void {
    target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...more }));
    flushSync();
  }
  const point = (target: Element, type: string, pointerType: string): boolean =>
    target.dispatchEvent(Object.assign(new MouseEvent(type, { bubbles: true }), { pointerType, movementX: 0, movementY: 0 }));

  it('is by the box, by ctrl and by shift, and opens nothing', () => {
    click(row(1).querySelector('[data-do=pick]')!);
    click(row(5).querySelector('.size')!, { ctrlKey: true });
    click(row(7).querySelector('.size')!, { shiftKey: true });
    expect(picked()).toEqual([1, 5, 6, 7]);
    expect(opened).toEqual([]);
    expect(row(6).getAttribute('aria-selected')).toBe('true');
    expect(row(2).getAttribute('aria-selected')).toBe('false');
    expect(row(1).querySelector<HTMLInputElement>('[data-do=pick]')!.checked).toBe(true);
  });

  it('is by space, and by shift and arrows', () => {
    const link = row(0).querySelector('a')!;
    link.focus();
    press(link, ' ');
    expect(picked()).toEqual([0]);
    press(link, 'ArrowDown', { shiftKey: true });
    expect(picked()).toEqual([0, 1]);
    expect(document.activeElement).toBe(row(1).querySelector('a'));
  });

  it('is by a finger that stays, and then by taps', () => {
    const cell = row(3).querySelector('.size')!;
    point(cell, 'pointerdown', 'touch');
    vi.advanceTimersByTime(600);
    flushSync();
    expect(picked()).toEqual([3]);
    click(cell); // the end of that press
    expect(picked()).toEqual([3]);
    const other = row(4).querySelector('.size')!;
    point(other, 'pointerdown', 'touch');
    point(other, 'pointerup', 'touch');
    click(other);
    expect(picked()).toEqual([3, 4]);
    expect(opened).toEqual([]);
  });

  it('is of all that the filter shows, and forgets what it does not', () => {
    document.querySelector<HTMLElement>('[data-do=pick-all]')!.click();
    flushSync();
    expect(picks.items).toHaveLength(MANY);
    listing.choose({ text: 't99' });
    flushSync();
    expect(picks.items).toHaveLength(listing.rows.length);
    listing.choose({ text: '' });
    flushSync();
    expect(picks.items.length).toBeLessThan(MANY);
  });

  it('of one row comes with its menu', () => {
    picks.toggle(`demo/${hash(9)}`);
    row(2).querySelector('.size')!.dispatchEvent(new MouseEvent('contextmenu', { bubbles: true, cancelable: true, clientX: 5, clientY: 6 }));
    expect(picked()).toEqual([2]);
    expect(menus).toEqual([{ x: 5, y: 6 }]);
  });

  it('shows what was asked for until it is so', () => {
    intents.set(`demo/${hash(0)}`, { order: '1', do: 'start' });
    flushSync();
    expect(row(0).dataset).toMatchObject({ pending: 'start', status: 'stopped' });
    expect(row(0).querySelector('.state')!.textContent).toContain('Seeding');
    torrents.apply(change([{ id: 0, box: 'demo', hash: hash(0), fields: { status: 'seeding' } }]));
    flushSync();
    expect(row(0).dataset.pending).toBeUndefined();
  });
});
