// One session for all tabs of a browser: the part that runs in the SharedWorker
// and the part that runs in a tab.

import type { Bag } from './read';
import type { SessionConfig } from './session';
import type { LiveEvent, Transport } from './transport';

/** What a tab wants from the start. */
export interface Wish {
  /** Address of the API, with a slash at its end. */
  api: string;
  topics: readonly string[];
  /** What the tab has from before its reload; it is of use when no other tab is there. */
  kept: readonly Bag[];
}

/** What a tab says to the worker. */
export type TabMessage =
  | { op: 'join'; wish: Wish; lock: string }
  | { op: 'subscribe' | 'unsubscribe'; topic: string }
  | { op: 'nudge' }
  | { op: 'leave' };

/** The one end of a MessagePort that is needed here. */
export interface Port<In, Out> {
  onmessage: ((e: MessageEvent<In>) => void) | null;
  postMessage(message: Out): void;
}

export type TabPort = Port<TabMessage, LiveEvent>;

/** What Share needs of a Session. */
export interface Shared extends Transport {
  present(topics: readonly string[]): LiveEvent[];
}

export interface ShareConfig {
  /** Starts a session, which tells what is kept at once. */
  start: (api: string, config: Pick<SessionConfig, 'topics' | 'kept' | 'tell'>) => Shared;
  /** Resolves when the tab that holds the lock is gone. Ports do not tell. */
  gone: (lock: string) => Promise<void>;
}

/** Share is the worker's part: it keeps a session while there are tabs, and in it what any of them wants. */
export class Share {
  readonly #config: ShareConfig;
  readonly #tabs = new Map<TabPort, Set<string>>();
  #session: Shared | null = null;

  constructor(config: ShareConfig) {
    this.#config = config;
  }

  attach(port: TabPort): void {
    port.onmessage = ({ data }) => {
      switch (data.op) {
        case 'join':
          this.#join(port, data.wish);
          void this.#config.gone(data.lock).then(() => this.#leave(port));
          return;
        case 'subscribe':
          this.#subscribe(port, data.topic);
          return;
        case 'unsubscribe':
          this.#unsubscribe(port, data.topic);
          return;
        case 'nudge':
          this.#session?.nudge();
          return;
        case 'leave':
          this.#leave(port);
      }
    };
  }

  #join(port: TabPort, { api, topics, kept }: Wish): void {
    const session = this.#session;
    if (session) {
      for (const event of session.present(topics)) port.postMessage(event);
      const missing = topics.filter((topic) => !this.#wanted(topic));
      this.#tabs.set(port, new Set(topics));
      for (const topic of missing) session.subscribe(topic);
      return;
    }
    this.#tabs.set(port, new Set(topics));
    this.#session = this.#config.start(api, { topics, kept, tell: (event) => this.#tell(event) });
  }

  #subscribe(port: TabPort, topic: string): void {
    const topics = this.#tabs.get(port);
    if (!topics || topics.has(topic) || !this.#session) return;
    const first = !this.#wanted(topic);
    topics.add(topic);
    if (first) this.#session.subscribe(topic);
    else for (const event of this.#session.present([topic])) port.postMessage(event);
  }

  #unsubscribe(port: TabPort, topic: string): void {
    if (this.#tabs.get(port)?.delete(topic) && !this.#wanted(topic)) this.#session?.unsubscribe(topic);
  }

  #wanted(topic: string): boolean {
    for (const topics of this.#tabs.values()) if (topics.has(topic)) return true;
    return false;
  }

  #leave(port: TabPort): void {
    const topics = this.#tabs.get(port);
    if (!topics) return;
    this.#tabs.delete(port);
    if (this.#tabs.size > 0) {
      for (const topic of topics) if (!this.#wanted(topic)) this.#session?.unsubscribe(topic);
      return;
    }
    this.#session?.stop();
    this.#session = null;
  }

  #tell(event: LiveEvent): void {
    for (const [port, topics] of this.#tabs) if (!('topic' in event) || topics.has(event.topic)) port.postMessage(event);
    if (event.kind !== 'ended') return;
    this.#session = null;
    this.#tabs.clear();
  }
}

export interface Join {
  wish: Wish;
  /** Name of a lock that this tab holds while it is there. */
  lock: string;
  release: () => void;
}

/** SharedTransport is a tab's part. */
export class SharedTransport implements Transport {
  readonly #port: Port<LiveEvent, TabMessage>;
  readonly #release: () => void;

  constructor(port: Port<LiveEvent, TabMessage>, { wish, lock, release }: Join, tell: (event: LiveEvent) => void) {
    this.#port = port;
    this.#release = release;
    port.onmessage = ({ data }) => tell(data);
    port.postMessage({ op: 'join', wish, lock });
  }

  subscribe(topic: string): void {
    this.#port.postMessage({ op: 'subscribe', topic });
  }

  unsubscribe(topic: string): void {
    this.#port.postMessage({ op: 'unsubscribe', topic });
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
