// What can be done to torrents: who may, and in which words.

import type { Kind } from '../api/commands';
import type { Access, Fields } from '../live/torrent';
import { labelOf } from '../rows/derive';

/** The least access that each takes. */
export const NEEDS: Record<Kind, Access> = {
  start: 'act', 'start-now': 'act', stop: 'act', verify: 'act', reannounce: 'act',
  remove: 'own', move: 'own', rename: 'own', change: 'own',
  'queue-top': 'own', 'queue-up': 'own', 'queue-down': 'own', 'queue-bottom': 'own',
};

const RANK: Record<Access, number> = { see: 0, act: 1, own: 2 };

/** Whether somebody with that access may do it. */
export const may = (kind: Kind, access: Access): boolean => RANK[access] >= RANK[NEEDS[kind]];

/** Those of the torrents to which it may be done. */
export function allowed<T extends { fields: Fields }>(kind: Kind, torrents: readonly T[]): T[] {
  return torrents.filter((t) => may(kind, t.fields.access));
}

/** Why some of a selection is left out; empty when nothing is. */
export function leftOut(torrents: readonly { fields: Fields }[]): string {
  const seen = torrents.filter((t) => t.fields.access === 'see').length;
  const acted = torrents.filter((t) => t.fields.access === 'act').length;
  const of = torrents.length;
  if (seen === of) return of === 1 ? 'It was shared with you to look at only.' : 'They were shared with you to look at only.';
  const words = [
    seen > 0 && `${seen} of ${of} ${seen === 1 ? 'was' : 'were'} shared to look at only and ${seen === 1 ? 'is' : 'are'} left out`,
    acted > 0 && acted + seen < of && `${acted} ${acted === 1 ? 'is' : 'are'} not yours: only owners remove, move or change ${acted === 1 ? 'it' : 'them'}`,
    acted > 0 && acted + seen === of && `only owners remove, move or change ${of === 1 ? 'it' : 'them'}`,
  ].filter(Boolean).join('; ');
  return words && `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}

/** What somebody asks for, on a button. */
export const LABEL: Record<string, string> = {
  start: 'Start', 'start-now': 'Start now', stop: 'Stop', verify: 'Verify', reannounce: 'Ask trackers',
  remove: 'Remove', move: 'Move', rename: 'Rename', change: 'Change',
  'queue-top': 'To the top of the queue', 'queue-up': 'Up in the queue', 'queue-down': 'Down in the queue', 'queue-bottom': 'To the end of the queue',
  add: 'Add', configure: 'Settings', blocklist: 'Fetch the blocklist', 'free-space': 'Free space', 'test-port': 'Test the port',
};

const DONE: Record<string, string> = {
  start: 'Started', 'start-now': 'Started', stop: 'Stopped', verify: 'Checking began', reannounce: 'Trackers are asked',
  remove: 'Removed', move: 'Moved', rename: 'Renamed', change: 'Changed',
  'queue-top': 'Queue changed', 'queue-up': 'Queue changed', 'queue-down': 'Queue changed', 'queue-bottom': 'Queue changed',
  add: 'Added', configure: 'Settings saved', blocklist: 'Blocklist fetched',
};

/** What was done, for a kind that this page may not know. */
export const doneWord = (kind: string): string => DONE[kind] ?? 'Done';
export const labelFor = (kind: string): string => LABEL[kind] ?? kind;

/** The state that a torrent is to have, while it has not yet. */
export function wordOf(kind: string, f: Fields): string {
  switch (kind) {
    case 'start':
    case 'start-now':
      return f.left > 0 || f.metadata < 10_000 ? 'Downloading' : 'Seeding';
    case 'stop':
      return 'Stopped';
    case 'verify':
      return 'Checking';
    case 'remove':
      return 'Removed';
    case 'reannounce':
      return 'Asking trackers';
    case 'move':
      return 'Moving';
    default:
      return labelOf(f); // it does not become another
  }
}

/** Whether the torrent's state is what was asked for; null for what does not show in it. */
export function isFulfilled(kind: string, f: Fields): boolean | null {
  switch (kind) {
    case 'start':
      return f.status !== 'stopped';
    case 'start-now':
      return f.status === 'downloading' || f.status === 'seeding' || f.status.startsWith('check');
    case 'stop':
      return f.status === 'stopped';
    case 'verify':
      return f.status === 'checking' || f.status === 'check-queued';
    case 'remove':
      return false; // then its row is gone
    default:
      return null;
  }
}
