import type { Torrent } from '../rows/torrents.svelte';
import type { Action, ActionId } from './actions';
import type { Actor } from './actor';
import { allowed } from './kinds';

/** Asking is the way from a chosen action to its order: by a dialog where more must be known. */
export class Asking {
  /** The dialog that is open: for which action, and for which torrents. */
  open: { id: ActionId; torrents: readonly Torrent[] } | null = $state.raw(null);
  readonly #actor: Actor;

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  /** Does it to those of the torrents to which the user may. */
  choose(action: Action, torrents: readonly Torrent[]): void {
    const mine = allowed(action.kind, torrents);
    if (mine.length === 0) return;
    if (action.asks) this.open = { id: action.id, torrents: mine };
    else void this.#actor.act(mine, { do: action.kind });
  }

  close = (): void => {
    this.open = null;
  };
}
