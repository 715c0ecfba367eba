// A row of the torrents topic: its figures, and the reading of them.

import { type Bag, isBag, isNumber, isTexts, list } from './read';

/** What a torrent's status can be; the words of the controller. */
export const STATUSES = [
  'downloading', 'checking', 'download-queued', 'check-queued', 'seeding', 'seed-queued', 'stopped',
] as const;
export type Status = (typeof STATUSES)[number];

/** What the user may do with a torrent: look, also act, also give it to others. */
export const ACCESSES = ['see', 'act', 'own'] as const;
export type Access = (typeof ACCESSES)[number];

/** The figures of one torrent, named as on the wire: bytes, bytes a second, Unix seconds. */
export interface Fields {
  name: string;
  status: Status;
  error: string;
  error_kind: number; // 0 none, 1 tracker warning, 2 tracker error, 3 local
  size: number;
  left: number;
  metadata: number; // ten-thousandths
  checked: number; // ten-thousandths
  rate_down: number;
  rate_up: number;
  downloaded: number;
  uploaded: number;
  peers: number;
  peers_sending: number;
  peers_getting: number;
  web_seeds: number;
  added: number;
  done: number;
  queue: number;
  labels: readonly string[];
  access: Access;
  owners: readonly string[] | null; // null: not for this page to know
}

export type Field = keyof Fields;

/** Fields of a torrent of which nothing is known yet. */
export const BLANK: Readonly<Fields> = Object.freeze({
  name: '', status: 'stopped', error: '', error_kind: 0, size: 0, left: 0, metadata: 10000, checked: 0,
  rate_down: 0, rate_up: 0, downloaded: 0, uploaded: 0, peers: 0, peers_sending: 0, peers_getting: 0,
  web_seeds: 0, added: 0, done: 0, queue: 0, labels: Object.freeze([]) as readonly string[], access: 'own', owners: null,
});

const NAMES = Object.keys(BLANK) as Field[];

/** A torrent under the name that all pages know it by, with some or all of its fields. */
export interface Row {
  id: number; // the controller's, within an epoch
  box: string;
  hash: string;
  fields: Partial<Fields>;
}

/** A row as it comes. Of a known torrent only the id is said, and what changed. */
export interface RowFrame {
  id: number;
  whole: { box: string; hash: string } | null;
  fields: Partial<Fields>;
}

export function readRows(v: unknown): RowFrame[] {
  return list(v).flatMap(readRow);
}

function readRow(v: unknown): RowFrame[] {
  if (!isBag(v) || !isNumber(v.id)) return [];
  const fields: Record<string, unknown> = {};
  for (const name of NAMES) {
    const value = v[name];
    if (name === 'labels' && value === null) fields[name] = [];
    else if (value !== undefined && fits(name, value)) fields[name] = value;
  }
  const whole = typeof v.box === 'string' && typeof v.hash === 'string' ? { box: v.box, hash: v.hash } : null;
  return [{ id: v.id, whole, fields: fields as Partial<Fields> }];
}

function fits(name: Field, value: unknown): boolean {
  switch (name) {
    case 'status':
      return (STATUSES as readonly unknown[]).includes(value);
    case 'access':
      return (ACCESSES as readonly unknown[]).includes(value);
    case 'labels':
    case 'owners':
      return isTexts(value);
    default:
      return typeof BLANK[name] === 'number' ? isNumber(value) : typeof value === typeof BLANK[name];
  }
}

/** The row as a frame would bring it; what is blank need not be said. */
export function writeRow(id: number, box: string, hash: string, fields: Fields): Bag {
  const row: Record<string, unknown> = { id, box, hash };
  for (const name of NAMES) if (fields[name] !== BLANK[name]) row[name] = fields[name];
  return row;
}

export const keyOf = (box: string, hash: string): string => `${box}/${hash}`;
