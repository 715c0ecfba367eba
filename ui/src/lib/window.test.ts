import { expect, it } from 'vitest';
import { piece } from './window';

it('covers the view with some rows around it', () => {
  const { from, to } = piece(10_000, 50, 50_000, 900);
  expect(from).toBeLessThanOrEqual(992);
  expect(to).toBeGreaterThanOrEqual(1026);
  expect(to - from).toBeLessThan(50);
});
it('stays when the view moves by less than a step', () => {
  expect(piece(10_000, 50, 50_010, 900)).toEqual(piece(10_000, 50, 50_040, 900));
});
it('keeps to the list', () => {
  expect(piece(3, 50, -400, 900)).toEqual({ from: 0, to: 3 });
  expect(piece(100, 50, 90_000, 900)).toEqual({ from: 100, to: 100 });
  expect(piece(0, 50, 0, 900)).toEqual({ from: 0, to: 0 });
});
