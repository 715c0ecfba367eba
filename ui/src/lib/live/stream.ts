// The connection where WebSockets are blocked: frames come as server-sent
// events in the answer of a POST, messages go as requests of their own. An
// EventSource would need the ticket in its address, so it is fetch that reads.

import { ApiError, sentence } from '../api';
import { bag, text } from './read';
import { CODE_BROKEN, type Dial, type Wire, type WireEvents } from './wire';

export type Fetch = (url: URL, init: RequestInit) => Promise<Response>;

/** Dials a stream of the controller that the API's address belongs to. */
export function streamDialer(api: string, ask: Fetch = (url, init) => fetch(url, init)): Dial {
  return (events) => new Stream(api, ask, events);
}

class Stream implements Wire {
  readonly #api: string;
  readonly #ask: Fetch;
  readonly #events: WireEvents;
  readonly #end = new AbortController();
  /** What messages name the stream by, once it is known. */
  #name: Promise<string> | null = null;
  #named: (name: string) => void = () => {};
  /** Resolves when the messages before are on the other side: their order counts. */
  #sent: Promise<void> = Promise.resolve();

  constructor(api: string, ask: Fetch, events: WireEvents) {
    this.#api = api;
    this.#ask = ask;
    this.#events = events;
    // As a socket would: not before the caller has the wire in hand.
    queueMicrotask(() => this.#end.signal.aborted || events.open());
  }

  send(message: string): void {
    if (!this.#name) {
      this.#name = new Promise((named) => (this.#named = named));
      void this.#run(message);
      return;
    }
    const name = this.#name;
    this.#sent = this.#sent.then(async () => this.#deliver(await name, message));
  }

  close(): void {
    this.#end.abort();
  }

  /** Opens the stream with the first message, and reads it to its end. */
  async #run(message: string): Promise<void> {
    try {
      const answer = await this.#post('stream', message);
      if (!answer.ok || !answer.body) await this.#refused(answer);
      else await this.#read(answer.body);
    } catch {
      // broken, or closed by the caller
    }
    this.#closed();
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    const events = new EventReader((frame) => this.#hear(frame));
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      events.read(decoder.decode(value, { stream: true }));
    }
  }

  #hear(frame: string): void {
    if (this.#end.signal.aborted) return;
    const name = text(bag(parse(frame)).stream);
    if (name) this.#named(name);
    this.#events.message(frame);
  }

  /** A refusal is said in the words of a frame, so that one place understands it. */
  async #refused(answer: Response): Promise<void> {
    const problem = bag(await answer.json().catch(() => null));
    if (this.#end.signal.aborted) return;
    this.#events.message(JSON.stringify({ op: 'error', code: text(problem.code), text: sentence(text(problem.detail)) }));
  }

  async #deliver(name: string, message: string): Promise<void> {
    if (this.#end.signal.aborted) return;
    try {
      const answer = await this.#post('stream/messages', JSON.stringify({ stream: name, message: parse(message) }));
      if (!answer.ok) throw new ApiError(answer.status, '', '');
    } catch {
      this.#closed(); // what was to be said is lost, and with it what was to come
    }
  }

  #post(path: string, body: string): Promise<Response> {
    return this.#ask(new URL(path, this.#api), {
      method: 'POST', credentials: 'same-origin', cache: 'no-store', redirect: 'error', signal: this.#end.signal,
      headers: { 'content-type': 'application/json' }, body,
    });
  }

  #closed(): void {
    if (this.#end.signal.aborted) return;
    this.#end.abort();
    this.#events.close(CODE_BROKEN);
  }
}

/** Reads the lines of an event stream, in whatever pieces they come. */
export class EventReader {
  readonly #tell: (data: string) => void;
  #rest = '';
  #data: string[] = [];

  constructor(tell: (data: string) => void) {
    this.#tell = tell;
  }

  read(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line.endsWith('\r') ? line.slice(0, -1) : line);
  }

  /** An empty line ends an event; a line that begins with a colon only keeps the connection alive. */
  #line(line: string): void {
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    if (line !== '' || this.#data.length === 0) return;
    const data = this.#data.join('\n');
    this.#data = [];
    this.#tell(data);
  }
}

function parse(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    return null;
  }
}
