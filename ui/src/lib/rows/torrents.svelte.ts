import type { Bag } from '../live/read';
import { BLANK, type Field, type Fields, keyOf, type Row, writeRow } from '../live/torrent';
import type { Change } from '../live/transport';
import { GROUPS, type Group, inGroup } from './derive';
import { type Item, sortName } from './order';

/** Torrent is one row. Its fields are replaced as a whole, and only when one of them differs. */
export class Torrent implements Item {
  readonly key: string;
  readonly box: string;
  readonly hash: string;
  /** What frames of this epoch call it. */
  id = 0;
  fields: Readonly<Fields> = $state.raw(BLANK);
  sortName = '';

  constructor(row: Row) {
    this.key = keyOf(row.box, row.hash);
    this.box = row.box;
    this.hash = row.hash;
    this.id = row.id;
    this.merge(row.fields);
  }

  /** Takes changed fields in, and returns the names of those that differ. */
  merge(patch: Partial<Fields>): readonly Field[] {
    const names = (Object.keys(patch) as Field[]).filter((name) => differs(this.fields, patch, name));
    if (names.length === 0) return names;
    if (patch.name !== undefined) this.sortName = sortName(patch.name);
    this.fields = { ...this.fields, ...patch };
    return names;
  }
}

function differs(fields: Fields, patch: Partial<Fields>, name: Field): boolean {
  const is = fields[name], will = patch[name];
  if (Array.isArray(is) && Array.isArray(will)) return is.length !== will.length || is.some((x, i) => x !== will[i]);
  return is !== will;
}

export interface Rates {
  down: number;
  up: number;
}

export type Counts = Readonly<Record<Group | 'all', number>>;

const NOTHING: Counts = { all: 0, downloading: 0, seeding: 0, checking: 0, stopped: 0, errors: 0, unowned: 0 };

/** Torrents holds all rows, and what is summed over them. */
export class Torrents {
  readonly #rows = new Map<string, Torrent>();
  /** What has changed since it was last taken: fields, or which rows there are. */
  #touched = new Set<Field | 'rows'>();
  /** Grows with each change of any row; what reads all rows follows it. */
  version = $state(0);
  /** All rows are here; before the first time there may be a part. */
  complete = $state(false);
  counts: Counts = $state.raw(NOTHING);
  /** Sums of the rates by box, so that those of stale boxes can be left out. */
  rates: ReadonlyMap<string, Rates> = $state.raw(new Map());

  values(): IterableIterator<Torrent> {
    return this.#rows.values();
  }

  get(key: string): Torrent | undefined {
    return this.#rows.get(key);
  }

  /** The rows as a frame would bring them. */
  frame(): Bag[] {
    return Array.from(this.#rows.values(), (t) => writeRow(t.id, t.box, t.hash, t.fields));
  }

  /** Takes what has changed since the last call. */
  takeTouched(): ReadonlySet<Field | 'rows'> {
    const touched = this.#touched;
    this.#touched = new Set();
    return touched;
  }

  apply(change: Change): void {
    let touched = change.reset && this.#keep(change.rows);
    for (const row of change.rows) touched = this.#put(row) || touched;
    for (const key of change.removed) touched = this.#delete(key) || touched;
    this.complete = change.complete;
    if (!touched) return;
    this.#sum();
    this.version++;
  }

  #put(row: Row): boolean {
    const key = keyOf(row.box, row.hash);
    const torrent = this.#rows.get(key);
    if (!torrent) {
      this.#rows.set(key, new Torrent(row));
      this.#touched.add('rows');
      return true;
    }
    torrent.id = row.id;
    const names = torrent.merge(row.fields);
    for (const name of names) this.#touched.add(name);
    return names.length > 0;
  }

  #delete(key: string): boolean {
    const there = this.#rows.delete(key);
    if (there) this.#touched.add('rows');
    return there;
  }

  #keep(rows: readonly Row[]): boolean {
    const keep = new Set(rows.map((row) => keyOf(row.box, row.hash)));
    let touched = false;
    for (const key of this.#rows.keys()) if (!keep.has(key)) touched = this.#delete(key) || touched;
    return touched;
  }

  #sum(): void {
    const counts = { ...NOTHING };
    const rates = new Map<string, Rates>();
    for (const { box, fields } of this.#rows.values()) {
      counts.all++;
      for (const group of GROUPS) if (inGroup(fields, group)) counts[group]++;
      const sum = rates.get(box);
      if (sum) {
        sum.down += fields.rate_down;
        sum.up += fields.rate_up;
      } else rates.set(box, { down: fields.rate_down, up: fields.rate_up });
    }
    this.counts = counts;
    this.rates = rates;
  }
}
