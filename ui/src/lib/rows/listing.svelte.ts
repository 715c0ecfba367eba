import { untrack } from 'svelte';
import { arrange, type Choice, matters, type Sort, startsDescending } from './order';
import type { Torrent, Torrents } from './torrents.svelte';

// A live list is put in order again at most this often, so that it can be read.
const SETTLE_MS = 1000;

/** Listing is the list as the user wants to see it: narrowed, and in order. */
export class Listing {
  choice: Readonly<Choice> = $state.raw({ sort: 'state', descending: false, group: null, text: '' });
  rows: readonly Torrent[] = $state.raw([]);
  readonly #torrents: Torrents;
  #arrangedAt = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(torrents: Torrents, choice: Partial<Choice> = {}) {
    this.#torrents = torrents;
    this.choice = { ...this.choice, ...choice };
  }

  /** Changes what is shown; that is seen at once. */
  choose(change: Partial<Choice>): void {
    this.choice = { ...this.choice, ...change };
    this.#arrange();
  }

  /** Orders by a column, or the other way round when it is the one already. */
  sortBy(sort: Sort): void {
    const descending = sort === this.choice.sort ? !this.choice.descending : startsDescending(sort);
    this.choose({ sort, descending });
  }

  /** Follows the torrents; to be called in an effect, which ends it. */
  follow(): () => void {
    $effect(() => {
      void this.#torrents.version;
      untrack(() => {
        if (matters(this.#torrents.takeTouched(), this.choice)) this.#soon();
      });
    });
    return () => {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  #soon(): void {
    const wait = this.#arrangedAt + SETTLE_MS - performance.now();
    if (wait <= 0 || this.rows.length === 0) this.#arrange();
    else this.#timer ??= setTimeout(() => this.#arrange(), wait);
  }

  #arrange(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#arrangedAt = performance.now();
    const rows = arrange(this.#torrents.values(), this.choice);
    if (rows.length !== this.rows.length || rows.some((row, i) => row !== this.rows[i])) this.rows = rows;
  }
}
