import type { Clock } from '../clock.svelte';
import { type Instant, now } from '../instant';
import { type DetailChange, detailTopic, type FileReport, type Info, type PeerReport, type TrackerReport } from '../live/detail';
import { type Bits, readBits } from './pieces';

/** Cell is one line of a list. Its report is replaced only when it differs, so only then is it drawn again. */
export class Cell<T extends object> {
  readonly key: string | number;
  report: Readonly<T> = $state.raw({} as T);

  constructor(key: string | number, report: T) {
    this.key = key;
    this.report = report;
  }

  set(report: T): void {
    if (!same(this.report, report)) this.report = report;
  }
}

function same<T extends object>(a: T, b: T): boolean {
  return (Object.keys(b) as (keyof T)[]).every((name) => a[name] === b[name]);
}

/** Cells keeps the lines of a list under their keys; the list is another one only when lines come or go. */
class Cells<T extends object> {
  list: readonly Cell<T>[] = $state.raw([]);
  #byKey = new Map<string | number, Cell<T>>();
  readonly #keyOf: (report: T) => string | number;
  readonly #order: (a: Cell<T>, b: Cell<T>) => number;

  constructor(keyOf: (report: T) => string | number, order: (a: Cell<T>, b: Cell<T>) => number) {
    this.#keyOf = keyOf;
    this.#order = order;
  }

  /** @param all reports are all there are, not only what changed */
  hear(reports: readonly T[], gone: readonly (string | number)[], all: boolean): void {
    const old = this.#byKey;
    if (all) this.#byKey = new Map();
    let touched = all && old.size !== reports.length;
    for (const report of reports) {
      const key = this.#keyOf(report);
      const cell = old.get(key);
      touched ||= !cell;
      cell?.set(report);
      this.#byKey.set(key, cell ?? new Cell(key, report));
    }
    for (const key of gone) touched = this.#byKey.delete(key) || touched;
    if (touched) this.list = [...this.#byKey.values()].sort(this.#order);
  }
}

/** What there is of it to show. */
export type DetailState = 'pending' | 'here' | 'gone';

/** Detail is what the page knows of the torrent that is open, beyond its row. */
export class Detail {
  readonly box: string;
  readonly hash: string;
  readonly topic: string;
  state: DetailState = $state('pending');
  info: Info | null = $state.raw(null);
  trackers: readonly TrackerReport[] = $state.raw([]);
  pieces: Bits | null = $state.raw(null);
  readonly #clock: Clock;
  readonly #files = new Cells<FileReport>((f) => f.i, (a, b) => a.report.i - b.report.i);
  // The busiest first, put in order only when peers come or go: lines that swap cannot be read.
  readonly #peers = new Cells<PeerReport>((p) => p.addr, (a, b) => b.report.down + b.report.up - a.report.down - a.report.up);
  #heard: { age: number; at: Instant } | null = $state.raw(null);

  constructor(box: string, hash: string, clock: Clock) {
    this.box = box;
    this.hash = hash;
    this.topic = detailTopic(box, hash);
    this.#clock = clock;
  }

  get files(): readonly Cell<FileReport>[] {
    return this.#files.list;
  }

  get peers(): readonly Cell<PeerReport>[] {
    return this.#peers.list;
  }

  /** Age of what is shown in ms, or -1 when nobody has said. */
  get age(): number {
    return this.#heard ? this.#heard.age + this.#clock.since(this.#heard.at) : -1;
  }

  hear(c: DetailChange): void {
    this.state = c.pending ? 'pending' : 'here';
    if (c.age !== null) this.#heard = { age: c.age, at: now() };
    if (c.info || c.reset) this.info = c.info;
    if (c.trackers || c.reset) this.trackers = c.trackers ?? [];
    if (c.pieces || c.reset) this.pieces = c.pieces && readBits(c.pieces);
    this.#files.hear(c.files, [], c.reset);
    this.#peers.hear(c.peers, c.peersGone, c.reset);
  }

  lose(): void {
    this.state = 'gone';
  }
}
