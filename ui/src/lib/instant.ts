/**
 * A moment to measure from. Two clocks are kept because each can fall short:
 * the monotonic one may stand still while a computer sleeps, the wall clock may
 * be set back.
 */
export interface Instant {
  readonly mono: number;
  readonly wall: number;
}

export function now(): Instant {
  return { mono: performance.now(), wall: Date.now() };
}

/** Milliseconds since then: the larger of what the clocks say, never negative. */
export function elapsed(then: Instant): number {
  return Math.max(performance.now() - then.mono, Date.now() - then.wall, 0);
}
