import { getContext } from 'svelte';
import { Keeper } from './live/kept';

const KEEPER = Symbol('keeper');

/** The context of a page that begins: what the document before it has kept is taken out at once. */
export function withKeeper(): Map<symbol, Keeper> {
  const keeper = new Keeper();
  keeper.begin();
  // A page that comes back from the browser's cache has all it had.
  addEventListener('pageshow', (e) => e.persisted && new Keeper().begin());
  return new Map([[KEEPER, keeper]]);
}

/** The keeper of this document; one that has nothing in a part that stands by itself. */
export function getKeeper(): Keeper {
  return getContext<Keeper | undefined>(KEEPER) ?? new Keeper();
}
