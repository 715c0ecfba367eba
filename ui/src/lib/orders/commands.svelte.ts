import { SvelteMap } from 'svelte/reactivity';
import { ApiError, sentence } from '../api/call';
import type { CommandsApi, Target } from '../api/commands';
import { count } from '../format';
import { isOver, newer, type Order } from '../live/orders';
import { keyOf } from '../live/torrent';
import type { Change } from '../live/transport';
import type { Torrents } from '../rows/torrents.svelte';
import { doneWord, isFulfilled, labelFor } from './kinds';

// After an order has ended its rows come at once; what has not by then is shown as it is.
const GRACE_MS = 4000;
// As many, and as long after their end, as the controller tells.
const KEPT = 1000;
const KEPT_MS = 3_600_000;

/** What was asked for a torrent and does not show in its state yet. */
export interface Intent {
  order: string;
  do: string;
}

/** Something that the user should hear now. */
export interface Saying {
  id: number;
  tone: 'good' | 'bad';
  text: string;
}

/** Commands keeps the user's orders, and what is to be shown of them on the rows. */
export class Commands {
  /** Newest first. */
  list: readonly Order[] = $state.raw([]);
  /** By the torrent's key: the newest of what was asked and has not ended. */
  readonly intents = new SvelteMap<string, Intent>();
  sayings: readonly Saying[] = $state.raw([]);
  /** Failed since the list was looked at. */
  unseen = $state(0);
  readonly underWay: readonly Order[] = $derived(this.list.filter((order) => !isOver(order)));
  readonly #torrents: Pick<Torrents, 'get'>;
  readonly #api: Pick<CommandsApi, 'get'>;
  readonly #orders = new Map<string, Order>();
  /** Those that the controller has told of by the topic. */
  readonly #told = new Set<string>();
  /** The keys of an order whose torrents are too many to be told. */
  readonly #keys = new Map<string, readonly string[]>();
  /** Those without their torrents, of which the controller was asked for them. */
  readonly #completed = new Set<string>();
  /** Requests without an answer: an order that is new may be theirs. */
  #asking = 0;
  /** Asked for on this page: what comes of them is said. */
  readonly #mine = new Map<string, { quiet: boolean; several: boolean }>();
  readonly #stacks = new Map<string, Intent[]>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #next = 1;

  constructor(torrents: Pick<Torrents, 'get'>, api: Pick<CommandsApi, 'get'>) {
    this.#torrents = torrents;
    this.#api = api;
  }

  /** Shows what is about to be asked for; returns under which name until there is an order. */
  begin(kind: string, targets: readonly Target[]): string {
    const name = `asking-${this.#next++}`;
    this.#asking++;
    const keys = targets.map((t) => keyOf(t.box, t.hash));
    this.#keys.set(name, keys);
    for (const key of keys) this.#push(key, { order: name, do: kind });
    return name;
  }

  /** The controller took it. Its orders may have been told of, and even have ended, before. */
  placed(name: string, orders: readonly Order[], quiet = false): void {
    const byBox = new Map(orders.map((order) => [order.box, order.id]));
    const keys = this.#keys.get(name) ?? [];
    for (const order of orders) {
      this.#keys.set(order.id, keys.filter((key) => byBox.get(boxOf(key)) === order.id));
      this.#mine.set(order.id, { quiet, several: orders.length > 1 });
    }
    for (const order of orders) {
      const known = this.#orders.get(order.id);
      if (known && isOver(known)) this.#say(known);
      this.#take(order);
      const now = this.#orders.get(order.id)!;
      // For the torrents of which the topic has not told; one that ended before is on its way to the rows.
      for (const key of this.#keys.get(order.id)!) this.#push(key, { order: order.id, do: order.do });
      if (isOver(now)) this.#settle(now);
    }
    this.refused(name);
    this.#show();
  }

  /** Nothing came of it. */
  refused(name: string): void {
    const keys = this.#keys.get(name);
    if (!keys) return;
    for (const key of keys) this.#drop(key, name);
    this.#keys.delete(name);
    this.#asking--;
    this.#complete();
  }

  hear(orders: readonly Order[], reset: boolean): void {
    if (reset) {
      this.#forget(new Set(orders.map((order) => order.id)));
      this.#completed.clear();
    }
    for (const order of orders) {
      this.#told.add(order.id);
      this.#take(order);
    }
    this.#show();
    this.#complete();
  }

  /** The torrents have changed: what was asked for may be there. */
  look(change: Pick<Change, 'rows' | 'removed'>): void {
    if (this.#stacks.size === 0) return;
    for (const { box, hash } of change.rows) this.#check(keyOf(box, hash));
    for (const key of change.removed) {
      this.#stacks.delete(key);
      this.intents.delete(key);
    }
  }

  get(id: string): Order | undefined {
    return this.list.find((order) => order.id === id);
  }

  /** The user has looked at the list. */
  seen(): void {
    this.unseen = 0;
  }

  say(tone: Saying['tone'], text: string): void {
    // What failed twice in the same words need not be said twice.
    this.sayings = [...this.sayings.filter((s) => s.text !== text), { id: this.#next++, tone, text }].slice(-4);
  }

  unsay(id: number): void {
    this.sayings = this.sayings.filter((s) => s.id !== id);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #take(order: Order): void {
    const old = this.#orders.get(order.id);
    const now = newer(old, order);
    this.#orders.set(now.id, now);
    if (!old && !isOver(now)) for (const key of this.#keysOf(now)) this.#push(key, { order: now.id, do: now.do });
    if (!isOver(now) || (old && isOver(old))) return;
    if (old && failed(now)) this.unseen++;
    this.#settle(now);
    this.#say(now);
  }

  /** Asks for the torrents of what another page had done to more than the topic tells, so that they show it too. */
  #complete(): void {
    if (this.#asking > 0) return;
    for (const { id, torrents, of } of this.underWay) {
      if (torrents || of < 2 || this.#keys.has(id) || this.#completed.has(id)) continue;
      this.#completed.add(id);
      void this.#bring(id);
    }
  }

  async #bring(id: string): Promise<void> {
    let order: Order;
    try {
      order = await this.#api.get(id);
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      return; // its rows show what they are
    }
    const known = this.#orders.get(id);
    if (!known || isOver(known)) return;
    this.#take(order);
    const now = this.#orders.get(id)!;
    if (!isOver(now)) for (const key of this.#keysOf(now)) this.#push(key, { order: id, do: now.do });
    this.#show();
  }

  #keysOf(order: Order): readonly string[] {
    return this.#keys.get(order.id) ?? (order.torrents ?? []).map((hash) => keyOf(order.box, hash));
  }

  /** An order has ended: what failed falls back at once, what was done when its row tells so. */
  #settle(order: Order): void {
    const bad = new Set(order.result?.faults.map((f) => f.hash));
    const none = order.state !== 'done' || order.result?.fault != null;
    let waits = false;
    for (const key of this.#keysOf(order)) {
      const torrent = this.#torrents.get(key);
      const shows = torrent && isFulfilled(order.do, torrent.fields) === false;
      if (none || !shows || bad.has(key.slice(-40))) this.#drop(key, order.id);
      else waits = true;
    }
    if (!waits) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const key of this.#keysOf(order)) this.#drop(key, order.id);
    }, GRACE_MS);
    this.#timers.add(timer);
  }

  #check(key: string): void {
    const torrent = this.#torrents.get(key);
    if (!torrent) return;
    for (const intent of this.#stacks.get(key) ?? []) {
      const order = this.#orders.get(intent.order);
      if (order && isOver(order) && isFulfilled(intent.do, torrent.fields) !== false) this.#drop(key, intent.order);
    }
  }

  #push(key: string, intent: Intent): void {
    const stack = this.#stacks.get(key) ?? [];
    if (stack.some((i) => i.order === intent.order)) return;
    this.#stacks.set(key, [...stack, intent]);
    this.intents.set(key, intent);
  }

  #drop(key: string, order: string): void {
    const stack = this.#stacks.get(key)?.filter((i) => i.order !== order);
    if (!stack) return;
    const last = stack.at(-1);
    if (last) {
      this.#stacks.set(key, stack);
      this.intents.set(key, last);
    } else {
      this.#stacks.delete(key);
      this.intents.delete(key);
    }
  }

  /** What a reset does not name, and was told before, the controller has forgotten: it ended long ago. */
  #forget(named: ReadonlySet<string>): void {
    for (const [id, order] of this.#orders) {
      if (named.has(id) || !this.#told.has(id)) continue;
      for (const key of this.#keysOf(order)) this.#drop(key, id);
      this.#orders.delete(id);
      this.#told.delete(id);
    }
  }

  #show(): void {
    const all = [...this.#orders.values()].sort((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
    // By the controller's own clock: this one's may be wrong.
    const newest = Math.max(0, ...all.map((o) => Date.parse(o.ended || o.created) || 0));
    const old = (o: Order): boolean => isOver(o) && Date.parse(o.ended) < newest - KEPT_MS;
    const kept = all.filter((o, i) => !isOver(o) || (i < KEPT && !old(o)));
    const keep = new Set(kept);
    for (const order of all) {
      if (keep.has(order)) continue;
      this.#orders.delete(order.id);
      this.#keys.delete(order.id);
      this.#told.delete(order.id);
    }
    this.list = kept;
  }

  /** Says what came of an order of this page, once. */
  #say(order: Order): void {
    const mine = this.#mine.get(order.id);
    if (!mine) return;
    this.#mine.delete(order.id);
    const text = mine.several ? `${order.box}: ${outcome(order)}` : outcome(order);
    if (failed(order)) this.say('bad', text);
    else if (!mine.quiet) this.say('good', text);
  }
}

const boxOf = (key: string): string => key.slice(0, -41);

/** Whether anything of it was not done. */
export function failed(order: Order): boolean {
  return order.state === 'failed' || order.state === 'expired' || order.result?.fault != null || (order.result?.failed ?? 0) > 0;
}

/** What came of an order, in a sentence. */
export function outcome(order: Order): string {
  const what = labelFor(order.do);
  const { result } = order;
  const why = sentence(result?.fault?.text ?? result?.faults[0]?.fault.text ?? '');
  switch (order.state) {
    case 'cancelled':
      return `${what}: cancelled.`;
    case 'expired':
      return `${what}: given up, the box was not reached in time.`;
    case 'done':
    case 'failed':
      break;
    default:
      return order.why || 'Under way.';
  }
  if (result?.fault || order.state === 'failed') return `${what} failed${why ? `: ${why}` : '.'}`;
  const added = result?.added;
  if (added) return `${added.duplicate ? 'Was there already' : 'Added'}: ${added.name}`;
  if (result && result.failed > 0) return `${doneWord(order.do)}: ${count(result.done)} of ${count(result.done + result.failed)}. ${why}`;
  return order.of > 1 ? `${doneWord(order.do)}: ${count(order.of)} torrents.` : `${doneWord(order.do)}.`;
}
