// What follows from a torrent's figures and so never travels. The rules are
// those of the controller's own reports.

import type { Fields, Status } from '../live/torrent';

/** The part of the wanted bytes that is here, 0 to 1. */
export function progress(f: Fields): number {
  if (f.metadata < 10_000) return f.metadata / 10_000;
  if (f.size <= 0) return 0;
  return Math.min(Math.max(f.size - f.left, 0), f.size) / f.size;
}

/** Bytes sent per byte received; for content that was added complete, per byte of size. */
export function ratioOf(f: Fields): number {
  const base = f.downloaded > 0 ? f.downloaded : f.size;
  return base > 0 ? f.uploaded / base : 0;
}

/** Seconds until the download completes at the present rate, or -1. */
export function etaOf(f: Fields): number {
  if (f.status !== 'downloading' || f.left <= 0 || f.rate_down <= 0) return -1;
  return Math.ceil(f.left / f.rate_down);
}

/** The groups that a list can be narrowed to. The last two cross the others. */
export const GROUPS = ['downloading', 'seeding', 'checking', 'stopped', 'errors', 'unowned'] as const;
export type Group = (typeof GROUPS)[number];

const GROUP_OF: Record<Status, Group> = {
  downloading: 'downloading', 'download-queued': 'downloading',
  seeding: 'seeding', 'seed-queued': 'seeding',
  checking: 'checking', 'check-queued': 'checking',
  stopped: 'stopped',
};

export function inGroup(f: Fields, group: Group): boolean {
  if (group === 'errors') return f.error_kind !== 0;
  return group === 'unowned' ? f.owners?.length === 0 : GROUP_OF[f.status] === group;
}

/** What a bar looks like; each look differs in form as well as in colour. */
export type Look = 'moving' | 'complete' | 'checking' | 'waiting' | 'resting' | 'failed';

const LOOK_OF: Record<Status, Look> = {
  downloading: 'moving', 'download-queued': 'waiting',
  seeding: 'complete', 'seed-queued': 'waiting',
  checking: 'checking', 'check-queued': 'waiting',
  stopped: 'resting',
};

export function lookOf(f: Fields): Look {
  // A local error stops everything; what a tracker says need not stop anything.
  const stuck = f.error_kind === 3 || (f.error_kind === 2 && f.rate_down + f.rate_up === 0);
  return stuck && f.status !== 'checking' ? 'failed' : LOOK_OF[f.status];
}

const LABELS: Record<Status, string> = {
  downloading: 'Downloading', 'download-queued': 'Queued',
  seeding: 'Seeding', 'seed-queued': 'Seed queued',
  checking: 'Checking', 'check-queued': 'Check queued',
  stopped: 'Stopped',
};

export function labelOf(f: Fields): string {
  if (f.metadata < 10_000 && f.status === 'downloading') return 'Metadata';
  return LABELS[f.status];
}
