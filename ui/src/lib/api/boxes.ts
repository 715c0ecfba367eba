import type { Order } from '../live/orders';
import { isBag, isNumber, number } from '../live/read';
import { type Options, orders, type Target } from './commands';
import { type Call, field, foreign, list, step } from './call';

/** What was set for the daemon of a box. Rates are bytes a second, ratios ten-thousandths, times of day minutes after midnight there. */
export interface Settings {
  down_limit: number;
  down_limited: boolean;
  up_limit: number;
  up_limited: boolean;
  alt_speed: boolean;
  alt_down: number;
  alt_up: number;
  alt_scheduled: boolean;
  alt_begin: number;
  alt_end: number;
  alt_days: number; // a bit for each day, Sunday the lowest
  ratio_limit: number;
  ratio_limited: boolean;
  idle_limit: number; // minutes
  idle_limited: boolean;
  down_queue: number;
  down_queue_enabled: boolean;
  seed_queue: number;
  seed_queue_enabled: boolean;
  stalled_minutes: number;
  stalled_enabled: boolean;
  peer_limit: number;
  torrent_peer_limit: number;
  peer_port: number;
  random_port: boolean;
  port_forwarding: boolean;
  encryption: string;
  dht: boolean;
  pex: boolean;
  lpd: boolean;
  utp: boolean;
  download_dir: string;
  incomplete_dir: string;
  use_incomplete: boolean;
  start_added: boolean;
  rename_partial: boolean;
  delete_torrents: boolean;
  cache_mb: number;
  blocklist_url: string;
  blocklist_enabled: boolean;
  blocklist_size: number; // rules; not to be set
}

// The box is asked through the line, for which the controller waits half a minute.
const PATIENCE_MS = 40_000;

const waiting = (seconds: number): string => (seconds > 0 ? `?wait=${seconds}` : '');

/** One box, as far as the page asks for it beside what the topics tell. */
export interface BoxInfo {
  name: string;
  may_configure: boolean;
  alt_speed: boolean;
}

/** BoxesApi is what can be asked of a box, and set for it. */
export class BoxesApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async list(): Promise<BoxInfo[]> {
    return list<unknown>(await this.#call('GET', 'boxes'), 'boxes').map((b) => ({
      name: String(field(b, 'name') ?? ''), may_configure: field(b, 'may_configure') === true, alt_speed: field(field(b, 'session'), 'alt_speed') === true,
    }));
  }

  /** What is set; a daemon may lack some of it. */
  async settings(box: string): Promise<Partial<Settings>> {
    const settings = await this.#call('GET', `boxes/${step(box)}/settings`);
    if (!isBag(settings)) throw foreign(200);
    return settings as Partial<Settings>;
  }

  /** Sets what is given and leaves the rest. Waits for so many seconds, at most 30, for what comes of it. */
  async configure(box: string, change: Partial<Settings>, wait = 0): Promise<Order[]> {
    return orders(await this.#call('PATCH', `boxes/${step(box)}/settings${waiting(wait)}`, change, PATIENCE_MS));
  }

  /** Whether peers can reach the daemon. The box asks a service outside, which takes some seconds. */
  async testPort(box: string): Promise<boolean> {
    return field(await this.#call('POST', `boxes/${step(box)}/test-port`, undefined, PATIENCE_MS), 'open') === true;
  }

  /** Fetches the blocklist anew, and waits as configure does. */
  async blocklist(box: string, wait = 0): Promise<Order[]> {
    return orders(await this.#call('POST', `boxes/${step(box)}/blocklist${waiting(wait)}`, undefined, PATIENCE_MS));
  }

  /** Room in a folder of the download tree, empty for its top. */
  async freeSpace(box: string, dir = ''): Promise<{ free: number; total: number }> {
    const query = dir === '' ? '' : `?${new URLSearchParams({ dir })}`;
    const v = await this.#call('GET', `boxes/${step(box)}/free-space${query}`, undefined, PATIENCE_MS);
    if (!isBag(v) || !isNumber(v.free)) throw foreign(200);
    return { free: v.free, total: number(v.total) };
  }

  /** What was set for one torrent. */
  async options({ box, hash }: Target): Promise<Partial<Options>> {
    const options = field(await this.#call('GET', `torrents/${step(box)}/${hash}`, undefined, PATIENCE_MS), 'options');
    if (!isBag(options)) throw foreign(200);
    return options as Partial<Options>;
  }
}
