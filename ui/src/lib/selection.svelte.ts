import { SvelteSet } from 'svelte/reactivity';

/** Selection is what of a list is ticked. What leaves the list is no longer in it. */
export class Selection<T> {
  readonly #keys = new SvelteSet<string>();
  readonly #all: () => T[];
  readonly #key: (item: T) => string;

  constructor(all: () => T[], key: (item: T) => string) {
    this.#all = all;
    this.#key = key;
  }

  get items(): T[] {
    return this.#all().filter((item) => this.#keys.has(this.#key(item)));
  }

  has(item: T): boolean {
    return this.#keys.has(this.#key(item));
  }

  set(item: T, chosen: boolean): void {
    if (chosen) this.#keys.add(this.#key(item));
    else this.#keys.delete(this.#key(item));
  }

  /** Ticks these, or unticks them. */
  setAll(items: T[], chosen: boolean): void {
    for (const item of items) this.set(item, chosen);
  }

  clear(): void {
    this.#keys.clear();
  }
}
