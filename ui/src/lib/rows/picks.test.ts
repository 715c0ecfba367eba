import { beforeEach, describe, expect, it } from 'vitest';
import { Picks } from './picks.svelte';

let rows: { key: string }[];
let picks: Picks<{ key: string }>;
const list = (...keys: string[]) => keys.map((key) => ({ key }));
const keys = (): string => picks.items.map((row) => row.key).join('');

beforeEach(() => {
  rows = list(...'abcdefgh');
  picks = new Picks(() => rows);
});

describe('Picks', () => {
  it('takes one by one, in the order of the list', () => {
    picks.toggle('d');
    picks.toggle('b');
    expect(keys()).toBe('bd');
    picks.toggle('d');
    expect(keys()).toBe('b');
    picks.only('h');
    expect(keys()).toBe('h');
  });

  it('draws ranges both ways from what was picked last', () => {
    picks.toggle('a');
    picks.toggle('d');
    picks.extend('f');
    expect(keys()).toBe('adef');
    picks.extend('c');
    expect(keys()).toBe('acdef');
  });

  it('begins a range where nothing was picked', () => {
    picks.extend('c');
    expect(keys()).toBe('c');
    picks.extend('strange');
    expect(keys()).toBe('c');
  });

  it('takes all, and then nothing', () => {
    picks.toggleAll();
    expect([keys(), picks.all]).toEqual(['abcdefgh', true]);
    picks.toggleAll();
    expect([keys(), picks.all]).toEqual(['', false]);
  });

  it('never holds what is not in the list', () => {
    picks.pickAll();
    rows = list('b', 'c', 'z');
    picks = new Picks(() => rows);
    picks.toggle('a');
    picks.toggle('b');
    expect(keys()).toBe('b');
  });
});
