// One session for all tabs of a browser: the part that runs in the SharedWorker
// and the part that runs in a tab.

import type { Session } from './session';
import type { LiveEvent, Transport } from './transport';

/** What a tab says to the worker. */
export type TabMessage =
  | { op: 'join'; api: string; lock: string }
  | { op: 'nudge' }
  | { op: 'leave' };

/** The one end of a MessagePort that is needed here. */
export interface Port<In, Out> {
  onmessage: ((e: MessageEvent<In>) => void) | null;
  postMessage(message: Out): void;
}

export type TabPort = Port<TabMessage, LiveEvent>;

export interface ShareConfig {
  /** Starts a session with the API at this address. */
  start: (api: string, tell: (event: LiveEvent) => void) => Session;
  /** Resolves when the tab that holds the lock is gone. Ports do not tell. */
  gone: (lock: string) => Promise<void>;
}

/** Share is the worker's part: it keeps a session while there are tabs. */
export class Share {
  readonly #config: ShareConfig;
  readonly #tabs = new Set<TabPort>();
  #session: Session | null = null;

  constructor(config: ShareConfig) {
    this.#config = config;
  }

  attach(port: TabPort): void {
    port.onmessage = ({ data }) => {
      switch (data.op) {
        case 'join':
          this.#join(port, data.api);
          void this.#config.gone(data.lock).then(() => this.#leave(port));
          return;
        case 'nudge':
          this.#session?.nudge();
          return;
        case 'leave':
          this.#leave(port);
      }
    };
  }

  #join(port: TabPort, api: string): void {
    if (this.#session) for (const event of this.#session.present()) port.postMessage(event);
    this.#tabs.add(port);
    this.#session ??= this.#config.start(api, (event) => this.#tell(event));
  }

  #leave(port: TabPort): void {
    if (!this.#tabs.delete(port) || this.#tabs.size > 0) return;
    this.#session?.stop();
    this.#session = null;
  }

  #tell(event: LiveEvent): void {
    for (const port of this.#tabs) port.postMessage(event);
    if (event.kind !== 'ended') return;
    this.#session = null;
    this.#tabs.clear();
  }
}

export interface Join {
  api: string;
  /** Name of a lock that this tab holds while it is there. */
  lock: string;
  release: () => void;
}

/** SharedTransport is a tab's part. */
export class SharedTransport implements Transport {
  readonly #port: Port<LiveEvent, TabMessage>;
  readonly #release: () => void;

  constructor(port: Port<LiveEvent, TabMessage>, join: Join, tell: (event: LiveEvent) => void) {
    this.#port = port;
    this.#release = join.release;
    port.onmessage = ({ data }) => tell(data);
    port.postMessage({ op: 'join', api: join.api, lock: join.lock });
  }

  nudge(): void {
    this.#port.postMessage({ op: 'nudge' });
  }

  stop(): void {
    this.#port.onmessage = null;
    this.#port.postMessage({ op: 'leave' });
    this.#release();
  }
}
