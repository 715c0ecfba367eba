// What the page offers to do to torrents, by bar, menu and key.

import type { Kind } from '../api/commands';
import type { Torrent } from '../rows/torrents.svelte';
import { allowed } from './kinds';

export type ActionId =
  | 'start' | 'start-now' | 'stop' | 'verify' | 'reannounce' | 'labels' | 'limits' | 'move' | 'rename' | 'remove'
  | 'queue-top' | 'queue-up' | 'queue-down' | 'queue-bottom';

export interface Action {
  id: ActionId;
  label: string;
  kind: Kind;
  /** The key that does it, as KeyboardEvent has it. */
  key?: string;
  /** It asks for more first. */
  asks?: boolean;
  /** For one torrent only. */
  one?: boolean;
  danger?: boolean;
}

/** Where a menu opens, in pixels of the window: its corner, or above what it ends. */
export interface MenuPlace {
  x: number;
  y: number;
  above?: boolean;
}

/** The place of a menu at a button: its right edges meet. */
export function placeAt(button: Element, above = false): MenuPlace {
  const { right, top, bottom } = button.getBoundingClientRect();
  return { x: right - 248, y: above ? top - 6 : bottom + 4, above };
}

const ACTIONS: readonly Action[] = [
  { id: 'start', label: 'Start', kind: 'start', key: 's' },
  { id: 'stop', label: 'Stop', kind: 'stop', key: 'p' },
  { id: 'start-now', label: 'Start now', kind: 'start-now', key: 'S' },
  { id: 'verify', label: 'Verify files', kind: 'verify', key: 'v' },
  { id: 'reannounce', label: 'Ask trackers', kind: 'reannounce', key: 'r' },
  { id: 'labels', label: 'Labels …', kind: 'change', key: 'l', asks: true },
  { id: 'limits', label: 'Limits …', kind: 'change', asks: true },
  { id: 'move', label: 'Move …', kind: 'move', key: 'm', asks: true },
  { id: 'rename', label: 'Rename …', kind: 'rename', asks: true, one: true },
  { id: 'queue-top', label: 'To the top of the queue', kind: 'queue-top' },
  { id: 'queue-up', label: 'Up in the queue', kind: 'queue-up' },
  { id: 'queue-down', label: 'Down in the queue', kind: 'queue-down' },
  { id: 'queue-bottom', label: 'To the end of the queue', kind: 'queue-bottom' },
  { id: 'remove', label: 'Remove …', kind: 'remove', key: 'Delete', asks: true, danger: true },
];

/** What can be done to these torrents, or to some of them. */
export function offered(torrents: readonly Torrent[]): readonly Action[] {
  if (torrents.length === 0) return [];
  return ACTIONS.filter((a) => (!a.one || torrents.length === 1) && allowed(a.kind, torrents).length > 0);
}

/** The action of a key, if it is offered for these. */
export const byKey = (key: string, torrents: readonly Torrent[]): Action | undefined => offered(torrents).find((a) => a.key === key);
