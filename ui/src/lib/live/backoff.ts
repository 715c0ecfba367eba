const FIRST_MS = 200;
const BASE_MS = 1000;
const CAP_MS = 20_000;

/**
 * Waiting times between attempts: at once the first time, since most breaks are
 * short, then doubling up to a cap. Each is drawn between half and the whole, so
 * that many pages do not come back in step.
 */
export class Backoff {
  #attempt = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next(): number {
    const n = this.#attempt++;
    const whole = n === 0 ? FIRST_MS : Math.min(BASE_MS * 2 ** (n - 1), CAP_MS);
    return whole * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#attempt = 0;
  }
}
