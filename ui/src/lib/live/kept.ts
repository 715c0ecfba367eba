// What a tab keeps for its own reload, so that a reload costs what was missed
// and not all there is. It is there from when the tab goes until its next page
// begins, and no longer: nothing of it lies in the storage while a page is shown.

import { aged, readLines } from './boxes';
import { type Bag, bags, isBag, isNumber } from './read';

const KEY = 'offing.kept';
// Whoever comes back later is better served by a fresh snapshot, and nothing
// should lie about for long.
const GOOD_MS = 60_000;

interface Kept {
  user: string;
  at: number; // wall clock, ms
  /** Each a reset with all that its topic had, as the controller sends it. */
  frames: readonly Bag[];
}

/** The storage of one tab, as far as it is needed. */
export type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/**
 * Keeper passes what a page had on to the page after it: through the tab's
 * storage when the document goes, which a browser may refuse or have too little
 * of, and through memory from page to page within one document.
 */
export class Keeper {
  readonly #storage: () => TabStorage;
  #kept: string | Kept | null = null;

  constructor(storage: () => TabStorage = () => sessionStorage) {
    this.#storage = storage;
  }

  /** Takes what the last document kept out of the storage, whoever will want it. */
  begin(): void {
    try {
      this.#kept = this.#storage().getItem(KEY);
      this.#storage().removeItem(KEY);
    } catch {
      // nothing was kept
    }
  }

  /** Keeps for the next document of this tab. */
  store(user: string, frames: readonly Bag[]): void {
    if (frames.length === 0) return;
    const kept: Kept = { user, at: Date.now(), frames };
    try {
      this.#storage().setItem(KEY, JSON.stringify(kept));
    } catch {
      // the next page gets a snapshot
    }
  }

  /** Keeps for the next page of this document. */
  hold(user: string, frames: readonly Bag[]): void {
    this.#kept = frames.length > 0 ? { user, at: Date.now(), frames } : null;
  }

  /** What was kept, once; what is another user's or too old is dropped. */
  take(user: string): readonly Bag[] {
    const kept = typeof this.#kept === 'string' ? read(this.#kept) : this.#kept;
    this.#kept = null;
    if (kept?.user !== user) return [];
    const age = Date.now() - kept.at;
    if (age < 0 || age > GOOD_MS) return [];
    return kept.frames.map((frame) => later(frame, age));
  }
}

function read(text: string): Kept | null {
  try {
    const v: unknown = JSON.parse(text);
    if (!isBag(v) || typeof v.user !== 'string' || !isNumber(v.at)) return null;
    return { user: v.user, at: v.at, frames: bags(v.frames) };
  } catch {
    return null;
  }
}

/** The frame with the ages in it as they are by now. */
function later(frame: Bag, ms: number): Bag {
  return frame.t === 'line' ? { ...frame, boxes: aged(readLines(frame.boxes), ms) } : frame;
}
