// What this browser remembers of how its user wants the page. Nothing of what is shown.

import { type Sort, SORTS } from './rows/order';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const THEME = 'offing.theme';
const SORT = 'offing.sort';
const SEEN = 'offing.seen.';

export function theme(): Theme {
  const kept = read(THEME);
  return THEMES.find((t) => t === kept) ?? 'system';
}

/** Shows the theme and remembers it. */
export function setTheme(t: Theme): void {
  write(THEME, t);
  showTheme(t);
}

/** The style sheet follows the system unless the attribute says otherwise. */
export function showTheme(t: Theme): void {
  if (t === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = t;
}

export function sorting(): { sort?: Sort; descending?: boolean } {
  const [kept, direction] = read(SORT)?.split(' ') ?? [];
  const sort = SORTS.find((s) => s === kept);
  return sort ? { sort, descending: direction === 'descending' } : {};
}

export function setSorting(sort: Sort, descending: boolean): void {
  write(SORT, `${sort} ${descending ? 'descending' : 'ascending'}`);
}

/** The newest notice that the user has looked at, by its id. */
export function seenNotice(user: string): number {
  const id = Number(read(SEEN + digest(user)));
  return Number.isSafeInteger(id) ? id : 0;
}

export function setSeenNotice(user: string, id: number): void {
  write(SEEN + digest(user), String(id));
}

/** Tells users of one browser apart without writing down who they are (FNV-1a). */
function digest(user: string): string {
  let h = 0x811c9dc5;
  for (const c of user) h = Math.imul(h ^ c.codePointAt(0)!, 0x01000193);
  return (h >>> 0).toString(16);
}

// A browser may refuse storage; the page works without.
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // not remembered
  }
}
