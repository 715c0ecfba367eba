import { elapsed, type Instant } from './instant';

/** Clock makes ages run on by themselves: what reads through it is read again each second. */
export class Clock {
  #tick = $state(0);

  /** Starts ticking; returns what stops it. */
  start(): () => void {
    const timer = setInterval(() => this.#tick++, 1000);
    return () => clearInterval(timer);
  }

  /** Milliseconds since then. */
  since(then: Instant): number {
    void this.#tick;
    return elapsed(then);
  }

  /** The time of day in ms since 1970. */
  get wall(): number {
    void this.#tick;
    return Date.now();
  }
}
