import { ApiError, type Ticket } from '../api';
import { elapsed, type Instant, now } from '../instant';
import { Backoff } from './backoff';
import { Misfit } from './content';
import { type Frame, readFrame, readValue, type TopicFrame } from './frames';
import type { Bag } from './read';
import { Topic } from './topic';
import type { Ending, LiveEvent, LiveState, Transport } from './transport';
import type { Dial, Wire } from './wire';

// From dialling to being let in.
const OPEN_TIMEOUT_MS = 15_000;
// A connection that lasted this long was a good one: its end starts the backoff anew.
const GOOD_MS = 10_000;
// Without the controller for this long the page says that it is offline.
const OFFLINE_MS = 15_000;
// A silent socket may be dead without knowing it; resuming on another is cheap.
const SILENT_MS = 90_000;
const SUSPECT_MS = 20_000;
// A ticket this near to its end is not worth a try.
const TICKET_MARGIN_MS = 5_000;

// Close codes after which a ticket in hand is worth nothing: the session must be asked.
const CODE_TICKET_REFUSED = 4401;
const CODE_SESSION_ENDED = 4409;

export interface SessionConfig {
  dial: Dial;
  /** Gets a ticket through the signed-in session; an ApiError with status 401 means signed out. */
  ticket: () => Promise<Ticket>;
  tell: (event: LiveEvent) => void;
  /** Topics to begin with, in the order in which they are wanted. */
  topics: readonly string[];
  /** Frames that an earlier page kept: what is in them need not come again. */
  kept?: readonly Bag[];
  random?: () => number;
}

interface Kept {
  value: string;
  got: Instant;
  ttl: number;
}

/**
 * Session keeps one connection to the controller up, and the topics behind it
 * current, from its making until stop() or until the controller says that the
 * user is signed out.
 */
export class Session implements Transport {
  readonly #config: SessionConfig;
  readonly #backoff: Backoff;
  readonly #topics = new Map<string, Topic>();
  #state: LiveEvent & { kind: 'state' } = { kind: 'state', state: 'connecting', text: '' };
  #wire: Wire | null = null;
  #kept: Kept | null = null;
  #ending: Ending | null = null;
  #lostAt: Instant = now();
  #upAt: Instant | null = null;
  #heardAt: Instant = now();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting = false;
  #stopped = false;

  constructor(config: SessionConfig) {
    this.#config = config;
    this.#backoff = new Backoff(config.random);
    for (const name of config.topics) this.#topics.set(name, new Topic(name));
    for (const frame of config.kept ?? []) this.#restore(frame);
    for (const event of this.present(config.topics)) config.tell(event);
    void this.#connect();
  }

  subscribe(name: string): void {
    if (this.#topics.has(name)) {
      for (const event of this.#topics.get(name)!.present()) this.#config.tell(event);
      return;
    }
    const topic = new Topic(name);
    this.#topics.set(name, topic);
    if (this.#upAt) this.#subscribe(topic);
  }

  unsubscribe(name: string): void {
    if (this.#topics.delete(name) && this.#upAt) this.#send({ op: 'unsubscribe', topic: name });
  }

  nudge(): void {
    if (this.#stopped) return;
    if (this.#waiting) void this.#connect();
    else if (this.#upAt && elapsed(this.#heardAt) > SUSPECT_MS) this.#lost('');
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#wire?.close();
    this.#wire = null;
  }

  /** What a page that joins now, and wants these topics, has to be told. */
  present(topics: readonly string[]): LiveEvent[] {
    return [this.#state, ...topics.flatMap((name) => this.#topics.get(name)?.present() ?? [])];
  }

  #restore(kept: Bag): void {
    const frame = readValue(kept);
    if (frame?.op !== 'topic') return;
    try {
      this.#topics.get(frame.topic)?.hear(frame);
    } catch (err) {
      if (!(err instanceof Misfit)) throw err;
    }
  }

  async #connect(): Promise<void> {
    clearTimeout(this.#timer);
    this.#waiting = false;
    let ticket: Kept;
    try {
      ticket = this.#takeTicket() ?? keep(await this.#config.ticket());
    } catch (err) {
      if (!this.#stopped) this.#ticketFailed(err);
      return;
    }
    if (!this.#stopped) this.#dial(ticket);
  }

  /** The ticket that was handed over on the last connection, if it is still good. */
  #takeTicket(): Kept | null {
    const kept = this.#kept;
    this.#kept = null;
    return kept && elapsed(kept.got) < kept.ttl - TICKET_MARGIN_MS ? kept : null;
  }

  #ticketFailed(err: unknown): void {
    if (err instanceof ApiError && err.status === 401) {
      this.stop();
      this.#config.tell({ kind: 'ended', why: this.#ending ?? 'signed-out' });
      return;
    }
    this.#lost(err instanceof ApiError && err.status !== 0 ? err.message : '');
  }

  #dial(ticket: Kept): void {
    let sent = false;
    // The events of a wire that was given up do not count.
    const mine = (f: () => void) => () => {
      if (this.#wire === wire) f();
    };
    const wire: Wire = this.#config.dial({
      open: mine(() => {
        sent = true;
        wire.send(JSON.stringify({ op: 'open', ticket: ticket.value }));
      }),
      message: (text) => mine(() => this.#hear(text))(),
      close: (code) => mine(() => {
        // One that was never sent is still good; one that was must not be used again.
        if (!sent) this.#kept = ticket;
        this.#closed(code);
      })(),
    });
    this.#wire = wire;
    this.#timer = setTimeout(mine(() => this.#lost('')), OPEN_TIMEOUT_MS);
  }

  #hear(text: string): void {
    const frame = readFrame(text);
    this.#heardAt = now();
    if (this.#upAt) this.#watch();
    if (frame) this.#take(frame);
  }

  #take(frame: Frame): void {
    switch (frame.op) {
      case 'opened':
      case 'ticket':
        this.#kept = keep(frame);
        if (frame.op === 'opened') this.#opened();
        return;
      case 'error':
        if (frame.code !== 'ticket-reused' && frame.code !== 'session-ended') return;
        this.#ending = frame.code;
        this.#kept = null;
        return;
      case 'gone': {
        const topic = this.#topics.get(frame.topic);
        if (topic) this.#config.tell(topic.lose());
        return;
      }
      case 'topic':
        this.#news(frame);
    }
  }

  #news(frame: TopicFrame): void {
    const topic = this.#topics.get(frame.topic);
    if (!topic) return; // it was on its way when the page unsubscribed
    try {
      const news = topic.hear(frame);
      this.#config.tell({ kind: 'topic', topic: topic.name, cursor: topic.cursor, news });
    } catch (err) {
      if (!(err instanceof Misfit)) throw err;
      this.#lost(''); // a new connection subscribes from the start
    }
  }

  #opened(): void {
    this.#ending = null;
    this.#upAt = now();
    this.#watch();
    this.#tellState('live');
    for (const topic of this.#topics.values()) this.#subscribe(topic);
  }

  #subscribe(topic: Topic): void {
    this.#send({ op: 'subscribe', topic: topic.name, ...topic.cursor });
  }

  #send(message: Record<string, unknown>): void {
    this.#wire?.send(JSON.stringify(message));
  }

  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(''), SILENT_MS);
  }

  #closed(code: number): void {
    if (code === CODE_TICKET_REFUSED || code === CODE_SESSION_ENDED) this.#kept = null;
    this.#lost('');
  }

  /** Gives the wire up, whatever its state, and plans the next attempt. */
  #lost(text: string): void {
    clearTimeout(this.#timer);
    this.#wire?.close();
    this.#wire = null;
    for (const topic of this.#topics.values()) topic.interrupted();
    if (this.#upAt) {
      if (elapsed(this.#upAt) >= GOOD_MS) this.#backoff.reset();
      this.#upAt = null;
      this.#lostAt = now();
    }
    this.#waiting = true;
    this.#timer = setTimeout(() => void this.#connect(), this.#backoff.next());
    this.#tellState(this.#awayState(), text);
  }

  #awayState(): LiveState {
    if (elapsed(this.#lostAt) >= OFFLINE_MS) return 'offline';
    for (const topic of this.#topics.values()) if (topic.present().length > 0) return 'reconnecting';
    return 'connecting';
  }

  #tellState(state: LiveState, text = ''): void {
    this.#state = { kind: 'state', state, text };
    this.#config.tell(this.#state);
  }
}

function keep(t: Ticket): Kept {
  return { value: t.ticket, got: now(), ttl: t.expires_in * 1000 };
}
