// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BLANK, type Fields } from '../lib/live/torrent';
import { Torrent } from '../lib/rows/torrents.svelte';
import TorrentRow from './TorrentRow.svelte';

const FIELDS: Fields = {
  ...BLANK, name: 'Sintel', status: 'downloading', size: 1_000_000, left: 575_000, rate_down: 5000, rate_up: 0, peers: 12, peers_sending: 3,
};

let torrent: Torrent;
let row: ReturnType<typeof mount>;
let drawn: MutationObserver;

beforeEach(() => {
  torrent = new Torrent({ id: 1, box: 'demo', hash: 'abc', fields: FIELDS });
  row = mount(TorrentRow, { target: document.body, props: { torrent, index: 0, top: 0, stale: false, several: false, open: false } });
  drawn = new MutationObserver(() => {});
  drawn.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  drawn.takeRecords();
});
afterEach(() => unmount(row));

/** Applies a patch and counts the changes that it makes to the document. */
function draws(patch: Partial<Fields>): number {
  torrent.merge(patch);
  flushSync();
  return drawn.takeRecords().length;
}
const find = (selector: string): HTMLElement => document.querySelector<HTMLElement>(selector)!;

describe('TorrentRow', () => {
  it('has the marks that others find it by', () => {
    const element = find('[data-hash="abc"]');
    expect(element.dataset).toMatchObject({ box: 'demo', status: 'downloading' });
    expect(element.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')).toBe('42.5');
  });

  it('draws nothing when a field changes that it does not show', () => {
    expect(draws({ queue: 7, done: 5, web_seeds: 2 })).toBe(0);
    expect(draws({ rate_down: 5000, name: 'Sintel' })).toBe(0);
  });

  it('draws nothing when a figure changes below what its text tells', () => {
    expect(draws({ left: 574_999 })).toBe(0);
  });

  it('draws one figure when one changes', () => {
    expect(draws({ peers_sending: 4 })).toBe(1); // the hint on peers
    expect(draws({ rate_up: 700 })).toBeLessThanOrEqual(2); // the text, and that it is not none any more
    expect(find('.up').textContent).toMatch(/700\u00a0B\/s/);
  });

  it('shows an error and takes it away', () => {
    draws({ error_kind: 3, error: 'No space left on device' });
    expect(find('.note.error').textContent).toBe('No space left on device');
    draws({ error_kind: 0, error: '' });
    expect(document.querySelector('.note')).toBeNull();
  });

  it('shows what a verification has checked', () => {
    draws({ status: 'checking', checked: 3712 });
    expect(find('[role=progressbar]').getAttribute('aria-valuenow')).toBe('37.1');
  });

  it('shows names as text', () => {
    draws({ name: '<img src=x onerror=alert(1)>' });
    expect(document.querySelector('img')).toBeNull();
  });

  it('is a link to its details', () => {
    expect(find('.title a').getAttribute('href')).toBe('#torrent/demo/abc');
  });

  it('says whose it is to those who are told, and that it is only shared', () => {
    expect(document.querySelector('.owners')).toBeNull();
    draws({ owners: [] });
    expect(find('.owners').textContent).toBe('unowned');
    draws({ owners: ['anna', 'ben'] });
    expect(find('.owners').textContent).toBe('anna, ben');
    draws({ access: 'see' });
    expect(find('.note').textContent).toBe('shared with you');
  });
});
