// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Boxes } from '../lib/boxes.svelte';
import { Clock } from '../lib/clock.svelte';
import type { Place } from '../lib/detail/place';
import type { Row } from '../lib/live/torrent';
import { Listing } from '../lib/rows/listing.svelte';
import { Torrents } from '../lib/rows/torrents.svelte';
import TorrentTable from './TorrentTable.svelte';

const MANY = 10_000;
const hash = (i: number): string => i.toString(16).padStart(40, '0');

let torrents: Torrents;
let listing: Listing;
let table: ReturnType<typeof mount>;
let unfollow: () => void;
let opened: Place[];

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
  const boxes = new Boxes(new Clock());
  table = mount(TorrentTable, { target: document.body, props: { listing, boxes, head: 0, sortBy: () => {}, open: (place: Place) => opened.push(place) } });
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
    expect(document.querySelector('[role=table]')?.getAttribute('aria-rowcount')).toBe(String(MANY + 1));
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
