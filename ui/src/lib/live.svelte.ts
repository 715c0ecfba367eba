import type { CommandsApi } from './api/commands';
import { Boxes } from './boxes.svelte';
import { Clock } from './clock.svelte';
import { Detail } from './detail/detail.svelte';
import { aged } from './live/boxes';
import type { Bag } from './live/read';
import type { Totals } from './live/sums';
import type { Cursor, Ending, LiveEvent, LiveState, News, Transport } from './live/transport';
import { Notices } from './notices.svelte';
import { Commands } from './orders/commands.svelte';
import { Torrents } from './rows/torrents.svelte';

// Most breaks are over before anybody could read of them.
const GRACE_MS = 1200;

// What each page wants, the smallest first: it shows something soon.
const TOPICS: readonly string[] = ['line', 'totals', 'notices', 'commands', 'torrents'];

export interface LiveConfig {
  user: string;
  /** Administrators see the machines too. */
  admin: boolean;
  api: Pick<CommandsApi, 'get'>;
  ended: (why: Ending) => void;
}

/** Live is all that the page shows of the controller's world, kept current by a transport's events. */
export class Live {
  readonly clock = new Clock();
  readonly boxes = new Boxes(this.clock);
  readonly torrents = new Torrents();
  readonly commands: Commands;
  readonly notices: Notices;
  totals: Totals | null = $state.raw(null);
  /** The torrent that is open. */
  detail: Detail | null = $state.raw(null);
  state: LiveState = $state('connecting');
  /** What the controller had against this page, if it said something. */
  text = $state('');
  /** The controller has been lost for long enough to speak of it. */
  away = $state(false);
  readonly topics: readonly string[];
  readonly #ended: (why: Ending) => void;
  readonly #cursors = new Map<string, Cursor | null>();
  #transport: Transport | null = null;
  #grace: ReturnType<typeof setTimeout> | undefined;
  #over = false;

  constructor({ user, admin, api, ended }: LiveConfig) {
    this.commands = new Commands(this.torrents, api);
    this.notices = new Notices(user);
    this.topics = admin ? [...TOPICS, 'host'] : TOPICS;
    this.#ended = ended;
  }

  /** Lets ages run; returns what ends that. */
  start(): () => void {
    const stopClock = this.clock.start();
    return () => {
      stopClock();
      this.commands.stop();
      clearTimeout(this.#grace);
    };
  }

  /** From now on what is open is asked for through this transport. */
  use(transport: Transport): void {
    this.#transport = transport;
    if (this.detail) transport.subscribe(this.detail.topic);
  }

  /** Opens a torrent, or none. */
  open(place: { box: string; hash: string } | null): void {
    const old = this.detail;
    if (place && old?.box === place.box && old.hash === place.hash) return;
    if (old) this.#transport?.unsubscribe(old.topic);
    this.detail = place && new Detail(place.box, place.hash, this.clock);
    if (this.detail) this.#transport?.subscribe(this.detail.topic);
  }

  hear(event: LiveEvent): void {
    switch (event.kind) {
      case 'state':
        this.#hearState(event.state, event.text);
        return;
      case 'topic':
        this.#cursors.set(event.topic, event.cursor);
        if (event.news) this.#hearNews(event.topic, event.news);
        return;
      case 'gone':
        if (event.topic === this.detail?.topic) this.detail.lose();
        return;
      case 'ended':
        this.#over = true;
        this.#ended(event.why);
    }
  }

  #hearNews(topic: string, news: News): void {
    switch (news.kind) {
      case 'torrents':
        this.torrents.apply(news.change);
        this.commands.look(news.change);
        return;
      case 'line':
        this.boxes.hear(news.boxes);
        return;
      case 'host':
        this.boxes.hearHosts(news.boxes);
        return;
      case 'totals':
        this.totals = news.totals;
        return;
      case 'notices':
        this.notices.hear(news.notices, news.reset);
        return;
      case 'orders':
        this.commands.hear(news.orders, news.reset);
        return;
      case 'detail':
        if (topic === this.detail?.topic) this.detail.hear(news.change);
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

  /** The session is over: nothing of it may be kept. */
  end(): void {
    this.#over = true;
  }

  /** What the next page of this tab can go on from: for each topic that can be resumed a frame with all of it. */
  frames(): Bag[] {
    if (this.#over) return [];
    const members: Record<string, () => Bag> = {
      line: () => ({ boxes: this.boxes.list.flatMap((box) => aged([box.report], box.age - box.report.age_ms)) }),
      host: () => ({ boxes: this.boxes.list.flatMap(({ name, host }) => (host ? [{ name, host }] : [])) }),
      totals: () => ({ ...this.totals }),
      notices: () => ({ notices: this.notices.list }),
      commands: () => ({ commands: this.commands.list }),
      torrents: () => ({ rows: this.torrents.frame() }),
    };
    return this.topics.flatMap((topic) => {
      const cursor = this.#cursors.get(topic);
      return cursor ? [{ t: topic, s: cursor.seq, e: cursor.epoch, ...members[topic]?.() }] : [];
    });
  }

  /** The rates of all that is of this moment; null when nothing is. */
  readonly total = $derived.by(() => {
    const fresh = this.boxes.list.filter((box) => !box.stale);
    if (fresh.length === 0) return null;
    if (this.totals && fresh.length === this.boxes.list.length) return { down: this.totals.down, up: this.totals.up };
    const sum = { down: 0, up: 0 };
    for (const box of fresh) {
      const rates = this.torrents.rates.get(box.name);
      sum.down += rates?.down ?? 0;
      sum.up += rates?.up ?? 0;
    }
    return sum;
  });
}
