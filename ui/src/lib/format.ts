// Figures in words. Units are decimal; a no-break space stands between number and unit.

const NB = '\u00a0';
export const NONE = '–';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes with three significant digits: 999 B, 1.21 GB, 412 GB. */
export function bytes(n: number): string {
  let value = Math.max(n, 0);
  let unit = 0;
  // 999.5 would be written as 1000.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return value.toFixed(digits) + NB + UNITS[unit]!;
}

/** Bytes a second; nothing moving is a dash. */
export function rate(n: number): string {
  return n > 0 ? `${bytes(n)}/s` : NONE;
}

/** A span of seconds in its two largest units: 45 s, 12 min, 3 h 20 min, 2 d 4 h. */
export function span(seconds: number): string {
  const s = Math.max(Math.floor(seconds), 0);
  if (s < 60) return `${s}${NB}s`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min}${NB}min`;
  const h = Math.floor(min / 60);
  if (h < 24) return two(h, 'h', min % 60, 'min');
  return two(Math.floor(h / 24), 'd', h % 24, 'h');
}

function two(a: number, unitA: string, b: number, unitB: string): string {
  return b === 0 ? `${a}${NB}${unitA}` : `${a}${NB}${unitA}${NB}${b}${NB}${unitB}`;
}

const YEAR = 365 * 86_400;

/** Time until complete; -1, or more than a year, cannot be said. */
export function eta(seconds: number): string {
  return seconds < 0 || seconds > YEAR ? NONE : span(seconds);
}

export function ratio(r: number): string {
  return r.toFixed(r < 10 ? 2 : r < 100 ? 1 : 0);
}

/** A part of a whole in percent with one decimal, never rounded up to 100. */
export function percent(part: number): string {
  // The small addend mends what binary fractions lose: 0.29 * 1000 is 289.99….
  return (Math.floor(Math.min(Math.max(part, 0), 1) * 1000 + 1e-6) / 10).toFixed(1);
}

export function count(n: number): string {
  return n.toLocaleString('en', { useGrouping: n >= 10_000 }).replaceAll(',', '\u202f');
}

/** When something began: the time of day, with the date unless it was today. Empty for no time. */
export function since(iso: string, today = new Date()): string {
  const t = new Date(iso);
  if (Number.isNaN(t.getTime()) || t.getFullYear() < 2000) return '';
  const time: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' };
  if (t.toDateString() === today.toDateString()) return t.toLocaleTimeString([], time);
  return t.toLocaleString([], { ...time, day: 'numeric', month: 'short' });
}

/** A day and a time of it, from Unix seconds. Empty for no time. */
export function date(seconds: number): string {
  if (seconds <= 0) return '';
  return new Date(seconds * 1000).toLocaleString([], { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
}
