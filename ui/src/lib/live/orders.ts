// What people have had done: reading it, and what the topic "commands" adds up to.

import type { Content } from './content';
import { bag, type Bag, bags, isBag, isNumber, number, text } from './read';
import type { News } from './transport';

/** The states of an order; the last four are for good. */
const ORDER_STATES = ['waiting', 'sent', 'done', 'failed', 'cancelled', 'expired'] as const;
export type OrderState = (typeof ORDER_STATES)[number];

/** Why something was not done: a stable word, and a text for the user. */
export interface Fault {
  code: string;
  text: string;
}

/** What came of an order. */
export interface Result {
  /** Nothing was done at all; null when something was. */
  fault: Fault | null;
  done: number; // torrents with which it was done
  failed: number; // and with which it was not
  /** Of those that failed, at most a thousand. */
  faults: readonly { hash: string; fault: Fault }[];
  added: { hash: string; name: string; duplicate: boolean } | null;
  /** How many rules the blocklist has, when it was fetched. */
  rules: number | null;
}

/** One thing to be done on one box, and how far it has come. */
export interface Order {
  id: string;
  box: string;
  user: string;
  do: string;
  /** Null when there are too many to be told. */
  torrents: readonly string[] | null;
  state: OrderState;
  done: number; // torrents with which it is done or has failed
  of: number;
  why: string; // it waits
  created: string; // RFC 3339, as expires and ended
  expires: string;
  ended: string;
  result: Result | null;
}

export const isOver = (order: Pick<Order, 'state'>): boolean => order.state !== 'waiting' && order.state !== 'sent';

/** Reads orders; what is none is left out. */
export function readOrders(v: unknown): Order[] {
  return bags(v).flatMap(readOrder);
}

function readOrder(v: Bag): Order[] {
  const state = ORDER_STATES.find((s) => s === v.state);
  if (typeof v.id !== 'string' || !state) return [];
  return [{
    id: v.id, box: text(v.box), user: text(v.user), do: text(v.do),
    torrents: Array.isArray(v.torrents) ? v.torrents.filter((h): h is string => typeof h === 'string') : null,
    state, done: number(v.done), of: number(v.of), why: text(v.why),
    created: text(v.created), expires: text(v.expires), ended: text(v.ended),
    result: isBag(v.result) ? readResult(v.result) : null,
  }];
}

function readResult(v: Bag): Result {
  const added = isBag(v.added) ? { hash: text(v.added.hash), name: text(v.added.name), duplicate: v.added.duplicate === true } : null;
  return {
    fault: isBag(v.fault) ? readFault(v.fault) : null, done: number(v.done), failed: number(v.failed),
    faults: bags(v.faults).map((f) => ({ hash: text(f.hash), fault: readFault(bag(f.fault)) })),
    added, rules: isNumber(v.rules) ? v.rules : null,
  };
}

const readFault = (v: Bag): Fault => ({ code: text(v.code), text: text(v.text) });

/** The order as it is, given what was known of it and what is told now, which may be the older. */
export function newer(old: Order | undefined, now: Order): Order {
  if (!old) return now;
  const torrents = now.torrents ?? old.torrents;
  if (rank(now) < rank(old)) return old.torrents ? old : { ...old, torrents };
  return { ...now, torrents, done: isOver(now) ? now.done : Math.max(now.done, old.done) };
}

const rank = (order: Order): number => (isOver(order) ? 2 : order.state === 'sent' ? 1 : 0);

// As many as the controller tells with a reset.
const KEPT = 1000;

/** Forgets what ended first when there is too much. */
function trim(orders: Map<string, Order>): void {
  for (const [id, order] of orders) {
    if (orders.size <= KEPT) return;
    if (isOver(order)) orders.delete(id);
  }
}

/** Orders is the content of the topic "commands". A reset is told when all of it has come. */
export class Orders implements Content {
  #orders: Map<string, Order> | null = null;
  #coming: Map<string, Order> | null = null;

  begin(): void {
    this.#coming = new Map();
  }

  interrupted(): void {
    this.#coming = null;
  }

  take(members: Bag, last: boolean): News | null {
    const orders = readOrders(members.commands);
    const into = this.#coming ?? (this.#orders ??= new Map());
    for (const order of orders) into.set(order.id, order);
    trim(into);
    if (!this.#coming) return orders.length > 0 ? { kind: 'orders', orders, reset: false } : null;
    if (!last) return null;
    this.#orders = this.#coming;
    this.#coming = null;
    return this.whole();
  }

  whole(): News | null {
    return this.#orders && { kind: 'orders', orders: [...this.#orders.values()], reset: true };
  }
}
