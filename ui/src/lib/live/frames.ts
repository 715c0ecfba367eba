// The WebSocket's frames: their types, and the reading of what the controller
// sends. Nothing of a foreign message gets further than here unchecked.

/** What a torrent's status can be; the words of the controller. */
export const STATUSES = [
  'downloading', 'checking', 'download-queued', 'check-queued', 'seeding', 'seed-queued', 'stopped',
] as const;
export type Status = (typeof STATUSES)[number];

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
}

export type Field = keyof Fields;

/** Fields of a torrent of which nothing is known yet. */
export const BLANK: Readonly<Fields> = Object.freeze({
  name: '', status: 'stopped', error: '', error_kind: 0, size: 0, left: 0, metadata: 10000, checked: 0,
  rate_down: 0, rate_up: 0, downloaded: 0, uploaded: 0, peers: 0, peers_sending: 0, peers_getting: 0,
  web_seeds: 0, added: 0, done: 0, queue: 0, labels: Object.freeze([]) as readonly string[],
});

export interface Row {
  box: string;
  hash: string;
  fields: Partial<Fields>;
}

export type LineState = 'starting' | 'connecting' | 'up' | 'down';

export interface BoxReport {
  name: string;
  line: { state: LineState; since: string; code: string; reason: string; rtt_ms: number };
  daemon: { state: string; text: string; version: string };
  host: { disk_total: number; disk_free: number };
  age_ms: number; // -1: never known
}

export type Frame =
  | { op: 'opened' | 'ticket'; ticket: string; expires_in: number }
  | { op: 'error'; code: string; text: string }
  | { op: 'torrents'; epoch: string; seq: number; reset: boolean; more: boolean; rows: Row[]; removed: [string, string][] }
  | { op: 'line'; boxes: BoxReport[] };

type Bag = Record<string, unknown>;

const isBag = (v: unknown): v is Bag => typeof v === 'object' && v !== null && !Array.isArray(v);
const text = (v: unknown): string => (typeof v === 'string' ? v : '');
const number = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) ? v : 0);
const list = (v: unknown): unknown[] => (Array.isArray(v) ? v : []);
const bag = (v: unknown): Bag => (isBag(v) ? v : {});

/** Reads one message; null for one that this page does not understand. */
export function readFrame(message: string): Frame | null {
  let v: unknown;
  try {
    v = JSON.parse(message);
  } catch {
    return null;
  }
  if (!isBag(v)) return null;
  switch (v.op) {
    case 'opened':
    case 'ticket':
      return { op: v.op, ticket: text(v.ticket), expires_in: number(v.expires_in) };
    case 'error':
      return { op: 'error', code: text(v.code), text: text(v.text) };
    case 'topic':
      return readTopic(v);
    default:
      return null;
  }
}

function readTopic(v: Bag): Frame | null {
  if (v.topic === 'line') return { op: 'line', boxes: list(v.boxes).flatMap(readBox) };
  if (v.topic !== 'torrents' || typeof v.epoch !== 'string' || typeof v.seq !== 'number') return null;
  return {
    op: 'torrents', epoch: v.epoch, seq: v.seq, reset: v.reset === true, more: v.more === true,
    rows: list(v.rows).flatMap(readRow), removed: list(v.removed).flatMap(readRemoved),
  };
}

function readRemoved(v: unknown): [string, string][] {
  const [box, hash] = list(v);
  return typeof box === 'string' && typeof hash === 'string' ? [[box, hash]] : [];
}

function readRow(v: unknown): Row[] {
  if (!isBag(v) || typeof v.box !== 'string' || typeof v.hash !== 'string') return [];
  const fields: Bag = {};
  for (const [name, blank] of Object.entries(BLANK)) {
    const value = v[name];
    if (name === 'labels' && value === null) fields[name] = [];
    else if (value !== undefined && fits(name, value, blank)) fields[name] = value;
  }
  return [{ box: v.box, hash: v.hash, fields: fields as Partial<Fields> }];
}

function fits(name: string, value: unknown, blank: unknown): boolean {
  if (name === 'status') return (STATUSES as readonly unknown[]).includes(value);
  if (Array.isArray(blank)) return Array.isArray(value) && value.every((x) => typeof x === 'string');
  if (typeof blank === 'number') return typeof value === 'number' && Number.isFinite(value);
  return typeof value === typeof blank;
}

const LINE_STATES: readonly unknown[] = ['starting', 'connecting', 'up', 'down'] satisfies LineState[];

function readBox(v: unknown): BoxReport[] {
  if (!isBag(v) || typeof v.name !== 'string') return [];
  const line = bag(v.line), daemon = bag(v.daemon), host = bag(v.host);
  return [{
    name: v.name,
    line: {
      // A state that this page does not know is not one to trust.
      state: LINE_STATES.includes(line.state) ? (line.state as LineState) : 'down',
      since: text(line.since), code: text(line.code), reason: text(line.reason), rtt_ms: number(line.rtt_ms),
    },
    daemon: { state: text(daemon.state), text: text(daemon.text), version: text(daemon.version) },
    host: { disk_total: number(host.disk_total), disk_free: number(host.disk_free) },
    age_ms: typeof v.age_ms === 'number' ? v.age_ms : -1,
  }];
}
