import { type Content, Misfit } from './content';
import { contentOf } from './contents';
import type { TopicFrame } from './frames';
import type { Cursor, LiveEvent, News } from './transport';

/** Topic is one subscription: what its frames add up to, and the place in its history. */
export class Topic {
  readonly name: string;
  readonly #content: Content;
  #cursor: Cursor | null = null;
  /** The epoch of a reset whose frames are coming. */
  #coming: string | null = null;
  #gone = false;

  constructor(name: string) {
    this.name = name;
    this.#content = contentOf(name);
  }

  /** Where a subscription can go on, or null for one from the start. */
  get cursor(): Cursor | null {
    return this.#cursor;
  }

  /**
   * Takes a frame in.
   *
   * @throws Misfit when it does not fit what is here: the topic must start anew
   */
  hear(frame: TopicFrame): News | null {
    this.#gone = false;
    const epoch = frame.epoch ?? this.#coming ?? this.#cursor?.epoch;
    // A difference before there is anything: it is of a subscription that was given up.
    if (epoch === undefined) return null;
    if (frame.epoch !== null) {
      this.#content.begin();
      this.#coming = epoch;
      this.#cursor = null;
    }
    const news = this.#take(frame);
    if (!frame.more) {
      this.#coming = null;
      this.#cursor = { epoch, seq: frame.seq };
    }
    return news;
  }

  #take(frame: TopicFrame): News | null {
    try {
      return this.#content.take(frame.members, !frame.more);
    } catch (err) {
      if (err instanceof Misfit) this.#startAnew();
      throw err;
    }
  }

  /** The controller has no such topic for this user. */
  lose(): LiveEvent {
    this.#gone = true;
    this.#startAnew();
    return { kind: 'gone', topic: this.name };
  }

  /** The connection is gone: a reset that was under way cannot go on. */
  interrupted(): void {
    if (this.#coming !== null) this.#startAnew();
  }

  /** What a page that comes now has to be told; nothing while nothing is known. */
  present(): LiveEvent[] {
    if (this.#gone) return [{ kind: 'gone', topic: this.name }];
    const news = this.#content.whole();
    return news ? [{ kind: 'topic', topic: this.name, cursor: this.#cursor, news }] : [];
  }

  #startAnew(): void {
    this.#cursor = null;
    this.#coming = null;
    this.#content.interrupted();
  }
}
