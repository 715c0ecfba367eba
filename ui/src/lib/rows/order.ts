// The order of a list, and what belongs in it.

import { type Field, type Fields, STATUSES } from '../live/torrent';
import { etaOf, type Group, inGroup, progress, ratioOf } from './derive';

export const SORTS = ['name', 'progress', 'state', 'down', 'up', 'eta', 'size', 'ratio', 'peers', 'added'] as const;
export type Sort = (typeof SORTS)[number];

export interface Choice {
  sort: Sort;
  descending: boolean;
  group: Group | null;
  text: string;
}

/** What is ordered: a torrent with its key and the form of its name that sorts. */
export interface Item {
  readonly key: string;
  readonly box: string;
  readonly sortName: string;
  readonly fields: Fields;
}

/** The order in which people look for figures: the largest first, but names from A. */
export function startsDescending(sort: Sort): boolean {
  return sort !== 'name' && sort !== 'state' && sort !== 'eta';
}

const RANK = new Map(STATUSES.map((s, i) => [s, i]));

// What a torrent is ordered by; NaN is unknown, and goes last either way.
const FIGURE: Record<Exclude<Sort, 'name'>, (f: Fields) => number> = {
  progress,
  state: (f) => RANK.get(f.status) ?? STATUSES.length,
  down: (f) => f.rate_down,
  up: (f) => f.rate_up,
  eta: (f) => {
    const s = etaOf(f);
    return s < 0 ? Number.NaN : s;
  },
  size: (f) => f.size,
  ratio: ratioOf,
  peers: (f) => f.peers,
  added: (f) => f.added,
};

// The fields that each order comes from.
const NEEDS: Record<Sort, readonly Field[]> = {
  name: ['name'], progress: ['size', 'left', 'metadata'], state: ['status'], down: ['rate_down'], up: ['rate_up'],
  eta: ['status', 'left', 'rate_down'], size: ['size'], ratio: ['uploaded', 'downloaded', 'size'], peers: ['peers'], added: ['added'],
};

// The fields that decide the groups of a torrent, and, beside the name, what a search looks at.
const GROUPING: readonly Field[] = ['status', 'error_kind', 'owners'];
const SEARCHED: readonly Field[] = ['labels', 'owners'];

/** Whether such a change can bring another order, or other items. */
export function matters(touched: ReadonlySet<Field | 'rows'>, choice: Choice): boolean {
  return (
    touched.has('rows') || touched.has('name') || NEEDS[choice.sort].some((name) => touched.has(name)) ||
    (choice.group !== null && GROUPING.some((name) => touched.has(name))) || (choice.text !== '' && SEARCHED.some((name) => touched.has(name)))
  );
}

/** A name that sorts without regard to case and accents, and numbers by their value. */
export function sortName(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\d+/g, (digits) => digits.replace(/^0+(?=\d)/, '').padStart(10, '0'));
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byName = (a: Item, b: Item): number => byText(a.sortName, b.sortName) || byText(a.key, b.key);

/** The items that fit the choice, in its order. Equal ones stand by name, so they never swap. */
export function arrange<T extends Item>(items: Iterable<T>, choice: Choice): T[] {
  const words = choice.text.toLowerCase().split(/\s+/).filter(Boolean);
  const out: T[] = [];
  for (const item of items) if (fits(item, choice.group, words)) out.push(item);
  const sign = choice.descending ? -1 : 1;
  if (choice.sort === 'name') return out.sort((a, b) => sign * byName(a, b));

  const figure = FIGURE[choice.sort];
  const figures = new Map(out.map((item) => [item, figure(item.fields)]));
  return out.sort((a, b) => {
    const x = figures.get(a)!;
    const y = figures.get(b)!;
    if (x === y) return byName(a, b);
    if (Number.isNaN(x) || Number.isNaN(y)) return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || byName(a, b);
    return sign * (x - y);
  });
}

function fits(item: Item, group: Group | null, words: string[]): boolean {
  if (group !== null && !inGroup(item.fields, group)) return false;
  if (words.length === 0) return true;
  const haystack = `${item.fields.name}\n${item.fields.labels.join('\n')}\n${item.box}\n${item.fields.owners?.join('\n') ?? ''}`.toLowerCase();
  return words.every((word) => haystack.includes(word));
}
