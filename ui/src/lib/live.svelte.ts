import { Boxes } from './boxes.svelte';
import { Clock } from './clock.svelte';
import type { Ending, LiveEvent, LiveState } from './live/transport';
import { Torrents } from './rows/torrents.svelte';

// Most breaks are over before anybody could read of them.
const GRACE_MS = 1200;

/** Live is all that the page shows of the controller's world, kept current by a transport's events. */
export class Live {
  readonly clock = new Clock();
  readonly boxes = new Boxes(this.clock);
  readonly torrents = new Torrents();
  state: LiveState = $state('connecting');
  /** What the controller had against this page, if it said something. */
  text = $state('');
  /** The controller has been lost for long enough to speak of it. */
  away = $state(false);
  #grace: ReturnType<typeof setTimeout> | undefined;
  readonly #ended: (why: Ending) => void;

  constructor(ended: (why: Ending) => void) {
    this.#ended = ended;
  }

  /** Lets ages run; returns what ends that. */
  start(): () => void {
    const stopClock = this.clock.start();
    return () => {
      stopClock();
      clearTimeout(this.#grace);
    };
  }

  hear(event: LiveEvent): void {
    switch (event.kind) {
      case 'state':
        this.#hearState(event.state, event.text);
        return;
      case 'torrents':
        this.torrents.apply(event.change);
        return;
      case 'line':
        this.boxes.hear(event.boxes);
        return;
      case 'ended':
        this.#ended(event.why);
    }
  }

  #hearState(state: LiveState, text: string): void {
    this.state = state;
    this.text = text;
    this.boxes.told = state === 'live';
    if (state === 'live') {
      clearTimeout(this.#grace);
      this.#grace = undefined;
      this.away = false;
    } else this.#grace ??= setTimeout(() => (this.away = true), GRACE_MS);
  }

  /** The sum of the rates that are of this moment; null when there are none such. */
  readonly total = $derived.by(() => {
    const live = this.boxes.list.filter((box) => !box.stale);
    if (live.length === 0) return null;
    const sum = { down: 0, up: 0 };
    for (const box of live) {
      const rates = this.torrents.rates.get(box.name);
      sum.down += rates?.down ?? 0;
      sum.up += rates?.up ?? 0;
    }
    return sum;
  });
}
