import { type Content, Misfit } from './content';
import { type Bag, isNumber, list } from './read';
import { BLANK, type Fields, keyOf, readRows, type RowFrame } from './torrent';
import type { Change, News } from './transport';

interface Held {
  id: number;
  box: string;
  hash: string;
  fields: Fields;
}

/**
 * Mirror keeps the rows of the torrents topic. A reset in parts is taken in as
 * it comes; rows that it does not name stay until its last part, so that a page
 * never flashes empty. Ids hold for one epoch; what a torrent is known by is its
 * box and hash.
 */
export class Mirror implements Content {
  readonly #rows = new Map<string, Held>();
  #ids = new Map<number, Held>();
  #complete = false;
  #resetting = false;

  begin(): void {
    this.#ids = new Map();
    this.#resetting = true;
  }

  interrupted(): void {
    this.#resetting = false;
  }

  take(members: Bag, last: boolean): News {
    const change: Change = { rows: [], removed: [], reset: false, complete: false };
    for (const id of list(members.removed)) if (isNumber(id)) this.#remove(id, change);
    for (const row of readRows(members.rows)) this.#put(row, change);
    if (last && this.#resetting) this.#finish(change);
    change.complete = this.#complete;
    return { kind: 'torrents', change };
  }

  whole(): News | null {
    if (this.#rows.size === 0 && !this.#complete) return null;
    return { kind: 'torrents', change: { rows: [...this.#rows.values()], removed: [], reset: true, complete: this.#complete } };
  }

  #put(row: RowFrame, change: Change): void {
    if (row.whole) {
      const held: Held = { id: row.id, ...row.whole, fields: { ...BLANK, ...row.fields } };
      this.#ids.set(row.id, held);
      this.#rows.set(keyOf(held.box, held.hash), held);
      change.rows.push({ ...held });
      return;
    }
    const held = this.#ids.get(row.id);
    if (!held) throw new Misfit();
    held.fields = { ...held.fields, ...row.fields };
    change.rows.push({ id: held.id, box: held.box, hash: held.hash, fields: row.fields });
  }

  #remove(id: number, change: Change): void {
    const held = this.#ids.get(id);
    if (!held) return;
    this.#ids.delete(id);
    const key = keyOf(held.box, held.hash);
    // The torrent may be back already, under another id.
    if (this.#rows.get(key) !== held) return;
    this.#rows.delete(key);
    change.removed.push(key);
  }

  /** The reset has named all there is. */
  #finish(change: Change): void {
    for (const [key, held] of this.#rows) {
      if (this.#ids.get(held.id) === held) continue;
      this.#rows.delete(key);
      change.removed.push(key);
    }
    this.#resetting = false;
    this.#complete = true;
  }
}
