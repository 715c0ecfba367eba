import { ApiError, type Ticket } from '../api';
import { elapsed, type Instant, now } from '../instant';
import { Backoff } from './backoff';
import { type BoxReport, type Frame, readFrame } from './frames';
import { Mirror } from './mirror';
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
  random?: () => number;
}

interface Kept {
  value: string;
  got: Instant;
  ttl: number;
}

/**
 * Session keeps one socket to the controller up, and the mirror behind it
 * current, from its making until stop() or until the controller says that the
 * user is signed out.
 */
export class Session implements Transport {
  readonly #config: SessionConfig;
  readonly #backoff: Backoff;
  #mirror = new Mirror();
  #boxes: { boxes: BoxReport[]; at: Instant } | null = null;
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
    this.#tellState('connecting');
    void this.#connect();
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

  /** What a page that joins now has to be told. */
  present(): LiveEvent[] {
    const events: LiveEvent[] = [this.#state, { kind: 'torrents', change: this.#mirror.whole() }];
    if (this.#boxes) {
      const late = elapsed(this.#boxes.at);
      const boxes = this.#boxes.boxes.map((b) => (b.age_ms < 0 ? b : { ...b, age_ms: b.age_ms + late }));
      events.push({ kind: 'line', boxes });
    }
    return events;
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
        if (frame.code === 'ticket-reused' || frame.code === 'session-ended') this.#ending = frame.code;
        return;
      case 'line':
        this.#boxes = { boxes: frame.boxes, at: now() };
        this.#config.tell({ kind: 'line', boxes: frame.boxes });
        return;
      case 'torrents': {
        const change = this.#mirror.apply(frame);
        if (change) this.#config.tell({ kind: 'torrents', change });
        else this.#lost(''); // a new connection subscribes from the start
      }
    }
  }

  #opened(): void {
    this.#ending = null;
    this.#upAt = now();
    this.#watch();
    this.#tellState('live');
    this.#send({ op: 'subscribe', topic: 'line' });
    this.#send({ op: 'subscribe', topic: 'torrents', ...this.#mirror.cursor });
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
    this.#mirror.interrupted();
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
    return this.#boxes || this.#mirror.size > 0 ? 'reconnecting' : 'connecting';
  }

  #tellState(state: LiveState, text = ''): void {
    this.#state = { kind: 'state', state, text };
    this.#config.tell(this.#state);
  }
}

function keep(t: Ticket): Kept {
  return { value: t.ticket, got: now(), ttl: t.expires_in * 1000 };
}
