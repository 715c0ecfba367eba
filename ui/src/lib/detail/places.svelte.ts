import { fragmentOf, type Place, placeOf } from './place';

/** Places follows the address: which torrent is open is in its fragment, so that a reload and a link keep it. */
export class Places {
  place: Place | null = $state.raw(placeOf(location.hash));

  /** Follows the way back and forth; returns what ends that. */
  start(): () => void {
    const events = new AbortController();
    const follow = (): void => void (this.place = placeOf(location.hash));
    addEventListener('popstate', follow, { signal: events.signal });
    addEventListener('hashchange', follow, { signal: events.signal });
    return () => events.abort();
  }

  /** Opens a torrent. The way back leads to the list, however many were open since. */
  open(place: Place): void {
    if (this.place) history.replaceState(history.state, '', fragmentOf(place));
    else history.pushState({ opened: true }, '', fragmentOf(place));
    this.place = place;
  }

  /** Closes it: a step back when there is one, so that the history does not grow. */
  close(): void {
    if (!this.place) return;
    if ((history.state as { opened?: boolean } | null)?.opened) history.back();
    else history.replaceState(null, '', location.pathname + location.search);
    this.place = null;
  }
}
