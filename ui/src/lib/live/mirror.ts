import { BLANK, type Fields, type Frame, type Row } from './frames';
import { type Change, keyOf } from './transport';

type TorrentsFrame = Extract<Frame, { op: 'torrents' }>;

/** What to send with a subscription to get only what was missed. */
export interface Cursor {
  epoch: string;
  seq: number;
}

interface Held {
  box: string;
  hash: string;
  fields: Fields;
}

/**
 * Mirror keeps the rows of the torrents topic and the place in its history. A
 * reset in parts is taken in as it comes; rows that it does not name stay until
 * its last part, so that a page never flashes empty.
 */
export class Mirror {
  #rows = new Map<string, Held>();
  #cursor: Cursor | null = null;
  #complete = false;
  #reset: { epoch: string; seq: number; seen: Set<string> } | null = null;

  /** Where a subscription can go on, or null for one from the start. */
  get cursor(): Cursor | null {
    return this.#cursor;
  }

  get size(): number {
    return this.#rows.size;
  }

  /** Takes a frame in. Null: it does not fit what is here, and the topic must start anew. */
  apply(frame: TorrentsFrame): Change | null {
    if (frame.reset) this.#begin(frame);
    if (!this.#reset && frame.epoch !== this.#cursor?.epoch) return this.#diverged();
    if (this.#reset && frame.epoch !== this.#reset.epoch) return this.#diverged();

    const change: Change = { rows: [], removed: [], reset: false, complete: false };
    for (const row of frame.rows) if (!this.#put(row, change)) return this.#diverged();
    for (const [box, hash] of frame.removed) {
      const key = keyOf(box, hash);
      if (this.#rows.delete(key)) change.removed.push(key);
    }
    if (!frame.more) this.#finish(frame, change);
    change.complete = this.#complete;
    return change;
  }

  /** All there is, for a page that comes later. */
  whole(): Change {
    return { rows: [...this.#rows.values()], removed: [], reset: true, complete: this.#complete };
  }

  /** The connection is gone: a reset that was under way cannot go on. */
  interrupted(): void {
    if (this.#reset) this.#diverged();
  }

  #begin(frame: TorrentsFrame): void {
    // The parts of one reset share a sequence; another one is another reset.
    if (this.#reset?.epoch === frame.epoch && this.#reset.seq === frame.seq) return;
    this.#reset = { epoch: frame.epoch, seq: frame.seq, seen: new Set() };
    this.#cursor = null;
  }

  #put(row: Row, change: Change): boolean {
    const key = keyOf(row.box, row.hash);
    const held = this.#rows.get(key);
    this.#reset?.seen.add(key);
    if (this.#reset || !held) {
      // Without a name these are the changes of a torrent that ought to be here.
      if (row.fields.name === undefined) return false;
      const fields = { ...BLANK, ...row.fields };
      this.#rows.set(key, { box: row.box, hash: row.hash, fields });
      change.rows.push({ box: row.box, hash: row.hash, fields });
    } else {
      Object.assign(held.fields, row.fields);
      change.rows.push(row);
    }
    return true;
  }

  #finish(frame: TorrentsFrame, change: Change): void {
    if (this.#reset) {
      for (const key of this.#rows.keys()) {
        if (!this.#reset.seen.has(key)) {
          this.#rows.delete(key);
          change.removed.push(key);
        }
      }
      this.#reset = null;
      this.#complete = true;
    }
    this.#cursor = { epoch: frame.epoch, seq: frame.seq };
  }

  #diverged(): null {
    this.#cursor = null;
    this.#reset = null;
    return null;
  }
}
