import type { Torrent } from '../rows/torrents.svelte';
import type { Action, ActionId, MenuPlace } from './actions';
import type { Actor } from './actor';
import { allowed } from './kinds';

/** Asking is the way from a menu to an action, and from that to its order: by a dialog where more must be known. */
export class Asking {
  /** The menu that is open: where, and for which torrents. */
  menu: { at: MenuPlace; torrents: readonly Torrent[] } | null = $state.raw(null);
  /** The dialog that is open: for which action, and for which torrents. */
  open: { id: ActionId; torrents: readonly Torrent[] } | null = $state.raw(null);
  readonly #actor: Actor;

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  showMenu = (at: MenuPlace, torrents: readonly Torrent[]): void => {
    this.menu = { at, torrents };
  };

  closeMenu = (): void => {
    this.menu = null;
  };

  /** Does it to what the menu is for. */
  chosen = (action: Action): void => {
    const torrents = this.menu?.torrents ?? [];
    // The focus is back where the menu was opened from before a dialog takes it.
    this.closeMenu();
    this.choose(action, torrents);
  };

  /** Does it to those of the torrents to which the user may. */
  choose = (action: Action, torrents: readonly Torrent[]): void => {
    const mine = allowed(action.kind, torrents);
    if (mine.length === 0) return;
    if (action.asks) this.open = { id: action.id, torrents: mine };
    else void this.#actor.act(mine, { do: action.kind });
  };

  close = (): void => {
    this.open = null;
  };
}
