import { type Order, readOrders } from '../live/orders';
import { type Call, field, foreign, step } from './call';

/** What can be done to torrents; the words of the API. */
const KINDS = [
  'start', 'start-now', 'stop', 'verify', 'reannounce', 'remove', 'move', 'rename', 'change',
  'queue-top', 'queue-up', 'queue-down', 'queue-bottom',
] as const;
export type Kind = (typeof KINDS)[number];

/** One torrent, by its box and its info hash. */
export interface Target {
  box: string;
  hash: string;
}

/** Whose limit holds: the box's, the torrent's own, or none. */
export const LIMIT_MODES = { global: 0, own: 1, none: 2 } as const;
export type LimitMode = 0 | 1 | 2;

/** What was set for one torrent. Rates are bytes a second, the ratio in ten-thousandths, idle in minutes. */
export interface Options {
  down_limit: number;
  down_limited: boolean;
  up_limit: number;
  up_limited: boolean;
  unbound: boolean;
  priority: number; // -1 low, 0 normal, 1 high
  peer_limit: number;
  ratio_mode: LimitMode;
  ratio_limit: number;
  idle_mode: LimitMode;
  idle_limit: number;
  sequential: boolean;
}

/** What is to be otherwise with torrents; what is absent stays. */
export interface Changes extends Partial<Options> {
  labels?: string[];
  want?: number[];
  skip?: number[];
  low?: number[];
  normal?: number[];
  high?: number[];
  add_trackers?: string[];
  remove_trackers?: string[];
  replace_trackers?: { old: string; new: string }[];
}

/** Stands for every file in a list of them. */
export const ALL_FILES = -1;

/** What is to be done to torrents, with what its kind needs. */
export interface Doing {
  do: Kind;
  remove?: { data?: boolean };
  move?: { dir: string; find?: boolean };
  rename?: { path: string; name: string };
  change?: Changes;
}

/** A torrent to be added: one of magnet, metainfo and url. */
export interface Addition {
  box?: string;
  magnet?: string;
  metainfo?: string; // base64 of a .torrent file
  url?: string; // the box fetches it
  dir?: string;
  paused?: boolean;
  changes?: { labels?: string[] };
}

// A large file may have a slow way to the controller.
const UPLOAD_MS = 120_000;

/** The most bytes of a .torrent file. */
export const MAX_METAINFO = 8 << 20;

/** The most torrents of one command. */
export const MAX_TORRENTS = 50_000;

/** CommandsApi is what has things done. */
export class CommandsApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Has it done to these torrents; one order for each box comes of it. */
  async act(torrents: readonly Target[], doing: Doing): Promise<Order[]> {
    const asked = torrents.map(({ box, hash }) => ({ box, hash }));
    return orders(await this.#call('POST', 'commands', { ...doing, torrents: asked }));
  }

  async add(addition: Addition): Promise<Order> {
    return one(orders(await this.#call('POST', 'torrents', addition, UPLOAD_MS)));
  }

  async list(): Promise<Order[]> {
    return orders(await this.#call('GET', 'commands'));
  }

  /** An order with all its torrents, also those that are too many for the topic. */
  async get(id: string): Promise<Order> {
    return one(readOrders([await this.#call('GET', `commands/${step(id)}`)]));
  }

  /** Gives an order up, as far as that is still possible. */
  async cancel(id: string): Promise<void> {
    await this.#call('DELETE', `commands/${step(id)}`);
  }
}

/** The orders of an answer. */
export function orders(v: unknown): Order[] {
  if (!Array.isArray(field(v, 'commands'))) throw foreign(200);
  return readOrders(field(v, 'commands'));
}

function one(all: Order[]): Order {
  const [order] = all;
  if (!order) throw foreign(200);
  return order;
}
