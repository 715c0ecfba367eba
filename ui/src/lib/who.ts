import { getContext, setContext } from 'svelte';
import type { Principal } from './api';

const KEY = Symbol('who');

/** Tells the parts of the page who is signed in. */
export function setWho(who: () => Principal | null): void {
  setContext(KEY, who);
}

/** Who is signed in; null before, and in a part that stands by itself. */
export function getWho(): () => Principal | null {
  return getContext<(() => Principal | null) | undefined>(KEY) ?? (() => null);
}
