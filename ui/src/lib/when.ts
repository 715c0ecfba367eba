// Moments that the controller names, in words.

import { NONE, span } from './format';

function parse(iso: string | undefined): number | null {
  const t = Date.parse(iso ?? '');
  // The controller's zero time is in the year 1.
  return Number.isNaN(t) || t < 0 ? null : t;
}

/** How long ago something was: "just now", "12 min ago", or "never". */
export function ago(iso: string | undefined, now = Date.now()): string {
  const t = parse(iso);
  if (t === null) return 'never';
  const seconds = (now - t) / 1000;
  return seconds < 60 ? 'just now' : `${coarse(seconds)} ago`;
}

/** How long until something ends: "in 3 d", or "never". */
export function until(iso: string | undefined, now = Date.now()): string {
  const t = parse(iso);
  if (t === null) return 'never';
  const seconds = (t - now) / 1000;
  // What was made for three days an hour ago still lasts three days.
  return seconds <= 0 ? 'now' : `in ${coarse(seconds * 1.02)}`;
}

// The largest unit is enough.
function coarse(seconds: number): string {
  const unit = seconds < 3600 ? 1 : seconds < 86_400 ? 3600 : 86_400;
  return span(seconds - (seconds % unit));
}

/** A day with its year, and the time: for what is looked up rather than glanced at. */
export function moment(iso: string | undefined): string {
  const t = parse(iso);
  return t === null ? NONE : new Date(t).toLocaleString([], { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' });
}

/** A day with its year. */
export function day(iso: string | undefined): string {
  const t = parse(iso);
  return t === null ? NONE : new Date(t).toLocaleDateString([], { day: 'numeric', month: 'short', year: 'numeric' });
}
