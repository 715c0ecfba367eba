// Amounts as people write them: "500 GB", "1.5 TiB", "20 MB/s".

const DECIMAL = [['PB', 1e15], ['TB', 1e12], ['GB', 1e9], ['MB', 1e6], ['kB', 1e3], ['B', 1]] as const;
const UNITS = new Map<string, number>([
  ['', 1], ...DECIMAL.map(([unit, size]) => [unit.toLowerCase(), size] as const),
  ['k', 1e3], ['m', 1e6], ['g', 1e9], ['t', 1e12], ['p', 1e15],
  ['kib', 2 ** 10], ['mib', 2 ** 20], ['gib', 2 ** 30], ['tib', 2 ** 40], ['pib', 2 ** 50],
]);

/** Bytes, or bytes a second; 0 for nothing written, null for what is no amount. A comma is taken for a decimal point. */
export function parseBytes(text: string): number | null {
  const plain = text.trim().toLowerCase().replace(/\s*\/\s*s$/, '');
  if (plain === '') return 0;
  const [, digits = '', unit = ''] = /^(\d+(?:[.,]\d+)?)\s*([a-z]*)$/.exec(plain) ?? [];
  const size = UNITS.get(unit);
  return digits === '' || size === undefined ? null : whole(Math.round(Number(digits.replace(',', '.')) * size));
}

/** A number of things; 0 for nothing written, null for what is none. */
export function parseCount(text: string): number | null {
  const plain = text.trim();
  if (plain === '') return 0;
  return /^\d+$/.test(plain) ? whole(Number(plain)) : null;
}

const whole = (n: number): number | null => (Number.isSafeInteger(n) ? n : null);

/** An amount to be edited, in the largest unit in which nothing of it is lost. Empty for none. */
export function writeBytes(n: number | undefined): string {
  if (!n) return '';
  for (const [unit, size] of DECIMAL) {
    const text = `${Number((n / size).toFixed(2))} ${unit}`;
    if (n >= size && parseBytes(text) === n) return text;
  }
  return `${n} B`;
}
