import { elapsed, type Instant, now } from '../instant';
import type { Dial, Wire, WireEvents } from './wire';

// So often a WebSocket must fail, while plain requests get through, before the stream is taken.
const FAILURES = 2;
// After this long with the stream the next connection is tried as a WebSocket again.
const RETRY_MS = 5 * 60_000;

export interface WaysConfig {
  socket: Dial;
  stream: Dial;
  /** Whether plain requests get through at this moment; it does not fail. */
  reachable: () => Promise<boolean>;
}

/** Ways dials WebSockets, and streams where something on the way lets no WebSocket through. */
export class Ways {
  readonly #config: WaysConfig;
  #failures = 0;
  #streamsSince: Instant | null = null;

  constructor(config: WaysConfig) {
    this.#config = config;
  }

  readonly dial: Dial = (events) => {
    if (this.#streamsSince && elapsed(this.#streamsSince) > RETRY_MS) this.#forget();
    if (this.#failures < FAILURES) return attempt(this.#config.socket, events, (spoke) => this.#judge(spoke));
    this.#streamsSince ??= now();
    // If the stream cannot be opened either, neither way is better.
    return attempt(this.#config.stream, events, (spoke) => spoke || this.#forget());
  };

  #judge(spoke: boolean): void {
    if (spoke) this.#failures = 0;
    // Where nothing gets through it is not the WebSocket's fault.
    else void this.#config.reachable().then((yes) => yes && this.#failures++);
  }

  #forget(): void {
    this.#failures = 0;
    this.#streamsSince = null;
  }
}

/** Dials, and says once whether the controller ever spoke on the connection. */
function attempt(dial: Dial, events: WireEvents, judge: (spoke: boolean) => void): Wire {
  let judged = false;
  const once = (spoke: boolean): void => {
    if (!judged) judge(spoke);
    judged = true;
  };
  const wire = dial({
    open: () => events.open(),
    message: (text) => {
      once(true);
      events.message(text);
    },
    close: (code) => {
      once(code >= 4000); // codes of our own come from the controller
      events.close(code);
    },
  });
  return {
    send: (text) => wire.send(text),
    close: () => {
      once(false);
      wire.close();
    },
  };
}
