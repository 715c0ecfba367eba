import { expect, it } from 'vitest';
import { readTotals } from './live/sums';
import { usedOf } from './usage';

it('says nothing without limits, and the tightest limit first', () => {
  expect(usedOf(readTotals({ used: { torrents: 5 } }))).toEqual([]);
  expect(usedOf(readTotals({ quota: { torrents: 0 } }))).toEqual([]);
  expect(usedOf(readTotals({ quota: { torrents: 10, bytes: 1000 }, used: { torrents: 9, bytes: 100 } }))).toEqual([
    { part: 0.9, text: '9 of 10 torrents' },
    { part: 0.1, text: '100\u00a0B of 1.00\u00a0kB' },
  ]);
});
