import type { Notice } from './live/sums';
import { seenNotice, setSeenNotice } from './prefs';

// As many as the controller brings at first.
const KEPT = 50;

/** Notices holds what the user should know, and what of it they have not looked at. */
export class Notices {
  readonly #user: string;
  /** Oldest first. */
  list: readonly Notice[] = $state.raw([]);
  #seen: number = $state(0);

  constructor(user: string) {
    this.#user = user;
    this.#seen = seenNotice(user);
  }

  hear(notices: readonly Notice[], reset: boolean): void {
    const fresh = new Set(notices.map((n) => n.id));
    const old = reset ? [] : this.list.filter((n) => !fresh.has(n.id));
    this.list = [...old, ...notices].slice(-KEPT);
  }

  readonly unread: readonly Notice[] = $derived.by(() => this.list.filter((n) => n.id > this.#seen));

  /** Somebody may have stolen a ticket: to be told whether the list is opened or not. */
  readonly warning: Notice | null = $derived(this.unread.filter((n) => n.kind === 'ticket-reused').at(-1) ?? null);

  /** The user has looked at all there is. */
  look(): void {
    const last = Math.max(this.#seen, ...this.list.map((n) => n.id));
    if (last === this.#seen) return;
    this.#seen = last;
    setSeenNotice(this.#user, last);
  }
}
