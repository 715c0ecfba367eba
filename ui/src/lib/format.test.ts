import { describe, expect, it } from 'vitest';
import { bytes, eta, percent, rate, ratio, since, span } from './format';

const plain = (s: string): string => s.replaceAll('\u00a0', ' ');

describe('format', () => {
  it.each([
    [0, '0 B'], [999, '999 B'], [1000, '1.00 kB'], [1234, '1.23 kB'], [12_340, '12.3 kB'], [99_950, '100 kB'], [999_499, '999 kB'],
    [999_500, '1.00 MB'], [4.7e9, '4.70 GB'], [1.9e12, '1.90 TB'], [-5, '0 B'], [5e18, '5000 PB'],
  ])('bytes %d', (n, text) => expect(plain(bytes(n))).toBe(text));

  it.each([[0, '–'], [-1, '–'], [3_130_000, '3.13 MB/s']])('rate %d', (n, text) => expect(plain(rate(n))).toBe(text));

  it.each([
    [0, '0 s'], [59.9, '59 s'], [60, '1 min'], [3599, '59 min'], [3600, '1 h'], [12_000, '3 h 20 min'], [187_200, '2 d 4 h'],
  ])('span %d', (n, text) => expect(plain(span(n))).toBe(text));

  it.each([[-1, '–'], [45, '45 s'], [4e7, '–']])('eta %d', (n, text) => expect(plain(eta(n))).toBe(text));

  it.each([[0, '0.00'], [2.345, '2.35'], [12.34, '12.3'], [123.4, '123']])('ratio %d', (n, text) => expect(ratio(n)).toBe(text));

  it.each([[0, '0.0'], [0.29, '29.0'], [0.42567, '42.5'], [0.99999, '99.9'], [1, '100.0'], [2, '100.0']])(
    'percent %d', (n, text) => expect(percent(n)).toBe(text),
  );

  it('says nothing of a time that is none', () => {
    expect(since('')).toBe('');
    expect(since('0001-01-01T00:00:00Z')).toBe('');
    const day = new Date(2026, 4, 3, 14, 2);
    expect(since(day.toISOString(), day)).toMatch(/02/);
    expect(since(day.toISOString(), new Date(2026, 4, 9)).length).toBeGreaterThan(since(day.toISOString(), day).length);
  });
});
