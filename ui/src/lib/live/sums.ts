// What the topics "totals" and "notices" tell.

import { bag, type Bag, bags, isNumber, number, text } from './read';

/** Torrents and bytes: as a limit, where one that is not there is none, or as what counts against it. */
export interface Amount {
  torrents?: number;
  bytes?: number;
}

export interface Totals {
  torrents: number;
  down: number; // bytes a second
  up: number;
  size: number; // bytes
  left: number;
  status: Readonly<Record<string, number>>;
  errors: number;
  quota: Amount;
  used: Amount;
}

export function readTotals(v: Bag): Totals {
  const status = Object.entries(bag(v.status)).filter((e): e is [string, number] => isNumber(e[1]));
  return {
    torrents: number(v.torrents), down: number(v.down), up: number(v.up), size: number(v.size), left: number(v.left),
    status: Object.fromEntries(status), errors: number(v.errors), quota: readAmount(v.quota), used: readAmount(v.used),
  };
}

function readAmount(v: unknown): Amount {
  const { torrents, bytes } = bag(v);
  return { ...(isNumber(torrents) && { torrents }), ...(isNumber(bytes) && { bytes }) };
}

/** Something that a person should know. */
export interface Notice {
  id: number;
  at: string; // RFC 3339
  kind: string;
  text: string;
}

export function readNotices(v: unknown): Notice[] {
  return bags(v).flatMap((n) => (isNumber(n.id) ? [{ id: n.id, at: text(n.at), kind: text(n.kind), text: text(n.text) }] : []));
}
