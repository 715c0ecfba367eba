import type { BoxReport, HostReport } from './boxes';
import type { DetailChange } from './detail';
import type { Order } from './orders';
import type { Notice, Totals } from './sums';
import type { Row } from './torrent';

/** How this page gets on with the controller; not how the controller gets on with a box. */
export type LiveState = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** Why a session is over. */
export type Ending = 'signed-out' | 'session-ended' | 'ticket-reused';

/** A place in a topic's history: what to send with a subscription to get only what was missed. */
export interface Cursor {
  epoch: string;
  seq: number;
}

/** A change of the torrents: rows that are new or differ, in the fields given. */
export interface Change {
  rows: Row[];
  removed: string[]; // keys, see keyOf
  /** Everything before this change is void: rows are all that is known. */
  reset: boolean;
  /** All torrents are known; before the first time a page has only a part. */
  complete: boolean;
}

/** What a topic has to tell. */
export type News =
  | { kind: 'torrents'; change: Change }
  | { kind: 'line'; boxes: BoxReport[] }
  | { kind: 'host'; boxes: HostReport[] }
  | { kind: 'totals'; totals: Totals }
  | { kind: 'notices'; notices: Notice[]; reset: boolean }
  | { kind: 'orders'; orders: Order[]; reset: boolean }
  | { kind: 'detail'; change: DetailChange };

/** What a transport tells. Plain values, so that they can be posted between threads. */
export type LiveEvent =
  | { kind: 'state'; state: LiveState; text: string }
  /** News of a topic, and where in its history that is; without a cursor it cannot be resumed from here. */
  | { kind: 'topic'; topic: string; cursor: Cursor | null; news: News | null }
  /** There is no such topic, for this user. */
  | { kind: 'gone'; topic: string }
  | { kind: 'ended'; why: Ending };

/** Brings what the controller sends, however it comes. */
export interface Transport {
  /** From now on this topic's news are told, beginning with all there is. */
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** The user wants it now, or the network is back: try without waiting. */
  nudge(): void;
  /** Nothing is told after this. */
  stop(): void;
}
