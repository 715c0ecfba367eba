import type { BoxReport, Row } from './frames';

/** How this page gets on with the controller; not how the controller gets on with a box. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** Why a session is over. */
export type Ending = 'signed-out' | 'session-ended' | 'ticket-reused';

/** What a transport tells. Plain values, so that they can be posted between threads. */
export type LiveEvent =
  | { kind: 'state'; state: LiveState; text: string }
  | { kind: 'torrents'; change: Change }
  | { kind: 'line'; boxes: BoxReport[] }
  | { kind: 'ended'; why: Ending };

/** A change of the mirror: rows that are new or differ, in the fields given. */
export interface Change {
  rows: Row[];
  removed: string[]; // keys, see keyOf
  /** Everything before this change is void: rows are all that is known. */
  reset: boolean;
  /** All torrents are known; before the first time a page has only a part. */
  complete: boolean;
}

/** Brings what the controller sends, however it comes. */
export interface Transport {
  /** The user wants it now, or the network is back: try without waiting. */
  nudge(): void;
  /** Nothing is told after this. */
  stop(): void;
}

export const keyOf = (box: string, hash: string): string => `${box}/${hash}`;
