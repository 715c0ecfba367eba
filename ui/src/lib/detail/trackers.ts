// Trackers in words.

import { span } from '../format';
import type { TrackerReport } from '../live/detail';

/** The part of a tracker's address that holds no secret. */
export function hostOf(announce: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?([^/?#]+)/i.exec(announce)?.[1] ?? 'a tracker without an address';
}

/** What goes on with it; now is in ms since 1970. */
export function trackerState(t: TrackerReport, now: number): string {
  const wait = t.next - now / 1000;
  switch (t.state) {
    case 'waiting':
      return t.next > 0 && wait >= 1 ? `asked again in ${span(wait)}` : 'asked again soon';
    case 'queued':
      return 'about to be asked';
    case 'announcing':
      return 'being asked';
    default:
      return 'not asked';
  }
}
