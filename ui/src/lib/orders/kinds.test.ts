import { expect, it } from 'vitest';
import { type Access, BLANK } from '../live/torrent';
import { Torrent } from '../rows/torrents.svelte';
import { byKey, offered } from './actions';
import { allowed, leftOut } from './kinds';

const torrent = (access: Access, i = 0): Torrent => new Torrent({ id: i, box: 'demo', hash: `${access}${i}`, fields: { ...BLANK, access } });
const ids = (...all: Access[]): string[] => offered(all.map(torrent)).map((a) => a.id);

it('offers nothing for what was shared to be seen', () => {
  expect(ids('see')).toEqual([]);
  expect(ids()).toEqual([]);
  expect(leftOut([torrent('see')])).toMatch(/look at only/);
});

it('offers to who may act what cannot take anything away', () => {
  expect(ids('act')).toEqual(['start', 'stop', 'start-now', 'verify', 'reannounce']);
  expect(byKey('Delete', [torrent('act')])).toBeUndefined();
  expect(byKey('p', [torrent('act')])?.kind).toBe('stop');
});

it('offers owners everything, but one name for one torrent', () => {
  expect(ids('own')).toContain('rename');
  expect(ids('own', 'own')).not.toContain('rename');
  expect(leftOut([torrent('own')])).toBe('');
});

it('does to a mixed selection what it may, and says what is left out', () => {
  const mixed = [torrent('own'), torrent('act', 1), torrent('see', 2)];
  expect(offered(mixed).map((a) => a.id)).toContain('remove');
  expect(allowed('remove', mixed)).toEqual([mixed[0]]);
  expect(allowed('stop', mixed)).toEqual([mixed[0], mixed[1]]);
  expect(leftOut(mixed)).toBe('1 of 3 was shared to look at only and is left out; 1 is not yours: only owners remove, move or change it.');
});
