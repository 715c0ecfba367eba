import { SvelteMap } from 'svelte/reactivity';
import { ALL_FILES, type Changes } from '../api/commands';
import { type FileReport } from '../live/detail';
import { isOver, type Order } from '../live/orders';
import { failed } from '../orders/commands.svelte';

/** What somebody wants of a file. */
export interface FileWish {
  wanted?: boolean;
  priority?: number;
}

// As long as the box may take to tell of files after it has done it.
const GRACE_MS = 5000;

/** Wishes is what was asked for the files of a torrent and is not told by the box yet. */
export class Wishes {
  readonly #wishes = new SvelteMap<number, FileWish & { asking: number }>();
  /** What is to go out with the next order. */
  #unsent = new Map<number, FileWish>();
  readonly #placed = new Map<number, string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #next = 1;

  of(i: number): FileWish | undefined {
    return this.#wishes.get(i);
  }

  /** Notes what is asked for. */
  ask(files: readonly number[], wish: FileWish): void {
    for (const i of files) {
      this.#wishes.set(i, { ...this.#wishes.get(i), ...wish, asking: this.#next });
      this.#unsent.set(i, { ...this.#unsent.get(i), ...wish });
    }
  }

  /** Takes what was asked for since the last time, and the number that it is noted under; null when that is nothing. */
  take(): { asking: number; wishes: ReadonlyMap<number, FileWish> } | null {
    if (this.#unsent.size === 0) return null;
    const wishes = this.#unsent;
    this.#unsent = new Map();
    return { asking: this.#next++, wishes };
  }

  /** The order that came of it, or none. */
  placed(asking: number, order: string | undefined): void {
    if (order === undefined) this.#forget(asking);
    else this.#placed.set(asking, order);
  }

  /** Follows the orders: what failed falls back at once, and the rest shows what the box tells. */
  settle(get: (id: string) => Order | undefined): void {
    for (const [asking, id] of this.#placed) {
      const order = get(id);
      if (!order || !isOver(order)) continue;
      this.#placed.delete(asking);
      if (failed(order) || order.state !== 'done') this.#forget(asking);
      else {
        const timer = setTimeout(() => {
          this.#timers.delete(timer);
          this.#forget(asking);
        }, GRACE_MS);
        this.#timers.add(timer);
      }
    }
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #forget(asking: number): void {
    for (const [i, wish] of this.#wishes) if (wish.asking === asking) this.#wishes.delete(i);
  }
}

/** A file as it is to be, and whether that is not so yet. */
export function wished(file: FileReport, wish: FileWish | undefined): { wanted: boolean; priority: number; pending: boolean } {
  const wanted = wish?.wanted ?? file.wanted;
  const priority = wish?.priority ?? file.priority;
  return { wanted, priority, pending: wanted !== file.wanted || priority !== file.priority };
}

/** The change that makes files so, of a torrent with so many; all of them by one number. */
export function fileChanges(wishes: ReadonlyMap<number, FileWish>, of: number): Changes {
  const those = (fits: (wish: FileWish) => boolean): number[] => {
    const files = [...wishes].filter(([, wish]) => fits(wish)).map(([i]) => i);
    return files.length === of ? [ALL_FILES] : files;
  };
  const lists = {
    want: those((w) => w.wanted === true), skip: those((w) => w.wanted === false),
    high: those((w) => w.priority === 1), normal: those((w) => w.priority === 0), low: those((w) => w.priority === -1),
  };
  return Object.fromEntries(Object.entries(lists).filter(([, files]) => files.length > 0));
}
