/** What can be picked of a list. */
interface Item {
  readonly key: string;
}

const NOTHING: ReadonlySet<string> = new Set();

/**
 * Picks is which rows of a list are selected. Only what the list shows can be: what
 * leaves it, or is filtered away, is not acted on unseen.
 */
export class Picks<T extends Item> {
  readonly #rows: () => readonly T[];
  #keys: ReadonlySet<string> = $state.raw(NOTHING);
  /** From where a range is drawn: what was picked last by itself. */
  #anchor: string | null = null;
  /** What is picked, in the order of the list. */
  readonly items: readonly T[] = $derived.by(() => (this.#keys.size === 0 ? [] : this.#rows().filter((row) => this.#keys.has(row.key))));
  readonly all: boolean = $derived.by(() => this.items.length > 0 && this.items.length === this.#rows().length);

  constructor(rows: () => readonly T[]) {
    this.#rows = rows;
  }

  has(key: string): boolean {
    return this.#keys.has(key);
  }

  /** Adds it, or takes it away. */
  toggle(key: string): void {
    const keys = new Set(this.#keys);
    if (!keys.delete(key)) keys.add(key);
    this.#keys = keys;
    this.#anchor = key;
  }

  /** Adds all of these, or takes them away. */
  set(keys: readonly string[], picked: boolean): void {
    const all = new Set(this.#keys);
    for (const key of keys) {
      if (picked) all.add(key);
      else all.delete(key);
    }
    this.#keys = all;
  }

  /** Picks this alone. */
  only(key: string): void {
    this.#keys = new Set([key]);
    this.#anchor = key;
  }

  /** Picks all from the one that was picked last to this; what was picked besides stays. */
  extend(key: string): void {
    const rows = this.#rows();
    const to = rows.findIndex((row) => row.key === key);
    const anchor = rows.findIndex((row) => row.key === this.#anchor);
    if (to < 0) return;
    if (anchor < 0) return this.toggle(key);
    const range = rows.slice(Math.min(anchor, to), Math.max(anchor, to) + 1);
    this.#keys = new Set([...this.#keys, ...range.map((row) => row.key)]);
  }

  /** Picks all that the list shows, or nothing when that is so already. */
  toggleAll(): void {
    if (this.all) this.clear();
    else this.pickAll();
  }

  pickAll(): void {
    this.#keys = new Set(this.#rows().map((row) => row.key));
  }

  clear(): void {
    if (this.#keys.size > 0) this.#keys = NOTHING;
    this.#anchor = null;
  }

  /** Forgets what the list does not show any more, so that it does not come back picked. */
  prune(): void {
    if (this.items.length < this.#keys.size) this.#keys = new Set(this.items.map((row) => row.key));
  }
}
