import type { Bag } from './read';
import type { News } from './transport';

/** Content takes frames in and says what is new by them. */
export interface Content {
  /** A reset begins: what is taken in from now on is the whole, whatever there was. */
  begin(): void;
  /**
   * Takes a frame's members in. Null: they bring nothing to tell.
   *
   * @param last no frame of the same change follows
   * @throws Misfit when they are changes of something that is not here
   */
  take(members: Bag, last: boolean): News | null;
  /** The rest of a reset will not come. */
  interrupted(): void;
  /** All there is, for a page that comes later; null when nothing is known. */
  whole(): News | null;
}

/** The frame does not fit what is here: the topic must start anew. */
export class Misfit extends Error {}
