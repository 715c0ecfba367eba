// What the topic of one torrent tells: its files, peers, trackers and pieces.

import { elapsed, type Instant, now } from '../instant';
import { type Bag, bags, flag, isBag, isNumber, number, text } from './read';

export interface Info {
  comment: string;
  creator: string;
  created: number; // Unix seconds, 0: not said
  dir: string;
  private: boolean;
  have: number; // bytes that are verified
  unchecked: number; // bytes of pieces not yet whole
  wasted: number; // bytes that came damaged
  seeding: number; // seconds
  downloading: number; // seconds
  active: number; // Unix seconds, 0: never
}

export interface FileReport {
  i: number;
  name: string; // parts separated by "/"
  size: number;
  have: number;
  wanted: boolean;
  priority: number; // -1 low, 0 normal, 1 high
}

export interface PeerReport {
  addr: string;
  client: string;
  progress: number; // ten-thousandths
  down: number; // bytes a second
  up: number;
  flags: string;
  incoming: boolean;
  encrypted: boolean;
  utp: boolean;
}

export interface TrackerReport {
  announce: string;
  tier: number;
  state: string;
  failed: boolean;
  result: string;
  seeders: number; // -1: not said
  leechers: number;
  next: number; // Unix seconds, 0: none planned
}

export interface Pieces {
  count: number; // 0 until the metadata has come
  size: number; // bytes
  have: string; // base64 of a bit for each piece, the first in the highest bit
}

/** A change of what is known of one torrent. A reset has all there is. */
export interface DetailChange {
  reset: boolean;
  /** The box has not answered yet. */
  pending: boolean;
  /** Milliseconds since the daemon was heard; null: as old as the change before, and by now older. */
  age: number | null;
  info: Info | null;
  files: readonly FileReport[];
  peers: readonly PeerReport[];
  peersGone: readonly string[];
  trackers: readonly TrackerReport[] | null;
  pieces: Pieces | null;
}

export function readDetail(v: Bag): DetailChange {
  return {
    reset: false,
    pending: flag(v.pending),
    age: isNumber(v.age_ms) && v.age_ms >= 0 ? v.age_ms : null,
    info: isBag(v.info) ? readInfo(v.info) : null,
    files: bags(v.files).flatMap(readFile),
    peers: bags(v.peers).flatMap(readPeer),
    peersGone: Array.isArray(v.peers_gone) ? v.peers_gone.filter((a): a is string => typeof a === 'string') : [],
    trackers: Array.isArray(v.trackers) ? bags(v.trackers).map(readTracker) : null,
    pieces: isBag(v.pieces) ? readPieces(v.pieces) : null,
  };
}

function readInfo(v: Bag): Info {
  return {
    comment: text(v.comment), creator: text(v.creator), created: number(v.created), dir: text(v.dir), private: flag(v.private),
    have: number(v.have), unchecked: number(v.unchecked), wasted: number(v.wasted),
    seeding: number(v.seeding), downloading: number(v.downloading), active: number(v.active),
  };
}

function readFile(v: Bag): FileReport[] {
  if (!isNumber(v.i)) return [];
  return [{ i: v.i, name: text(v.name), size: number(v.size), have: number(v.have), wanted: v.wanted !== false, priority: number(v.priority) }];
}

function readPeer(v: Bag): PeerReport[] {
  if (typeof v.addr !== 'string') return [];
  return [{
    addr: v.addr, client: text(v.client), progress: number(v.progress), down: number(v.down), up: number(v.up),
    flags: text(v.flags), incoming: flag(v.incoming), encrypted: flag(v.encrypted), utp: flag(v.utp),
  }];
}

function readTracker(v: Bag): TrackerReport {
  return {
    announce: text(v.announce), tier: number(v.tier), state: text(v.state), failed: flag(v.failed), result: text(v.result),
    seeders: number(v.seeders, -1), leechers: number(v.leechers, -1), next: number(v.next),
  };
}

const readPieces = (v: Bag): Pieces => ({ count: number(v.count), size: number(v.size), have: text(v.have) });

/** The topic of a torrent. The controller knows it under this one name, so a box is escaped as Go's url.PathEscape does. */
export function detailTopic(box: string, hash: string): string {
  const escaped = encodeURIComponent(box)
    .replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%(?:24|26|2B|3A|3D|40)/g, decodeURIComponent);
  return `torrent/${escaped}/${hash}`;
}

export const isDetailTopic = (topic: string): boolean => topic.startsWith('torrent/');

/** Keeps what the changes add up to. */
export class DetailSum {
  #pending = true;
  #heard: { age: number; at: Instant } | null = null;
  #info: Info | null = null;
  readonly #files = new Map<number, FileReport>();
  readonly #peers = new Map<string, PeerReport>();
  #trackers: readonly TrackerReport[] | null = null;
  #pieces: Pieces | null = null;

  add(c: DetailChange): void {
    this.#pending = c.pending;
    if (c.age !== null) this.#heard = { age: c.age, at: now() };
    this.#info = c.info ?? this.#info;
    for (const file of c.files) this.#files.set(file.i, file);
    for (const peer of c.peers) this.#peers.set(peer.addr, peer);
    for (const addr of c.peersGone) this.#peers.delete(addr);
    this.#trackers = c.trackers ?? this.#trackers;
    this.#pieces = c.pieces ?? this.#pieces;
  }

  whole(): DetailChange {
    return {
      reset: true, pending: this.#pending, age: this.#heard && this.#heard.age + elapsed(this.#heard.at), info: this.#info, files: [...this.#files.values()], peers: [...this.#peers.values()],
      peersGone: [], trackers: this.#trackers, pieces: this.#pieces,
    };
  }
}
