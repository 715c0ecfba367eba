import type { Clock } from './clock.svelte';
import { type Instant, now } from './instant';
import { daemonTrouble } from './line';
import type { BoxReport, HostReport } from './live/boxes';

// Figures this old are not live when something on the way is known to be broken.
const STALE_BROKEN_MS = 10_000;
// Figures this old are not live whatever the line says.
const STALE_MS = 120_000;
// Figures this old deserve a second look.
const LATE_MS = 10_000;

export type Freshness = 'fresh' | 'late' | 'stale';

/** What the ages of all boxes depend on. */
interface Watch {
  readonly clock: Clock;
  /** The controller is there to tell of a change. */
  readonly told: boolean;
}

/** Box is what the page knows of one box, and how old that is. */
export class Box {
  readonly name: string;
  readonly #watch: Watch;
  /** The machine; only administrators are told. */
  host: HostReport['host'] | null = $state.raw(null);
  #heard: { report: BoxReport; at: Instant };

  constructor(report: BoxReport, watch: Watch) {
    this.name = report.name;
    this.#watch = watch;
    this.#heard = $state.raw({ report, at: now() });
  }

  hear(report: BoxReport): void {
    this.#heard = { report, at: now() };
  }

  get report(): BoxReport {
    return this.#heard.report;
  }

  /** Age of the figures in ms, or -1 when there never were any. */
  readonly age = $derived.by(() => {
    const { report, at } = this.#heard;
    return report.age_ms < 0 ? -1 : report.age_ms + this.#watch.clock.since(at);
  });

  readonly freshness: Freshness = $derived.by(() => {
    const { line, daemon } = this.#heard.report;
    const whole = this.#watch.told && line.state === 'up' && daemonTrouble(daemon) === '';
    if (this.age < 0 || this.age > (whole ? STALE_MS : STALE_BROKEN_MS)) return 'stale';
    return this.age > LATE_MS ? 'late' : 'fresh';
  });

  /** The figures must not be shown as if they were of this moment. */
  readonly stale = $derived(this.freshness === 'stale');
}

/** Boxes holds them in the order of the controller. */
export class Boxes implements Watch {
  readonly clock: Clock;
  list: readonly Box[] = $state.raw([]);
  /** The controller has told of its boxes, be there none. */
  known = $state(false);
  told = $state(true);
  #hosts: readonly HostReport[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  hear(reports: readonly BoxReport[]): void {
    this.known = true;
    const old = new Map(this.list.map((box) => [box.name, box]));
    const list = reports.map((report) => {
      const box = old.get(report.name);
      box?.hear(report);
      return box ?? new Box(report, this);
    });
    if (list.length !== this.list.length || list.some((box, i) => box !== this.list[i])) this.list = list;
    this.#place();
  }

  hearHosts(reports: readonly HostReport[]): void {
    this.#hosts = reports;
    this.#place();
  }

  /** Hosts and lines come on their own, in either order. */
  #place(): void {
    for (const box of this.list) box.host = this.#hosts.find((h) => h.name === box.name)?.host ?? null;
  }
}
