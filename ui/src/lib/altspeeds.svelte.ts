import { ApiError } from './api/call';
import type { Actor } from './orders/actor';

/** AltSpeeds is which boxes keep to their alternative limits of speed, as far as the user may set that. */
export class AltSpeeds {
  #on: ReadonlyMap<string, boolean> = $state.raw(new Map());
  readonly #actor: Actor;

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  known(box: string): boolean {
    return this.#on.has(box);
  }

  on(box: string): boolean {
    return this.#on.get(box) ?? false;
  }

  async load(): Promise<void> {
    try {
      const boxes = await this.#actor.boxes.list();
      this.#on = new Map(boxes.filter((b) => b.may_configure).map((b) => [b.name, b.alt_speed]));
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      this.#on = new Map(); // it is then not offered
    }
  }

  /** Shows the other at once, and what it is again when the controller refuses. */
  async toggle(box: string): Promise<void> {
    const to = !this.on(box);
    this.#set(box, to);
    try {
      this.#actor.commands.placed('', await this.#actor.boxes.configure(box, { alt_speed: to }), true);
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      this.#set(box, !to);
      this.#actor.commands.say('bad', err.message);
    }
  }

  #set(box: string, on: boolean): void {
    this.#on = new Map(this.#on).set(box, on);
  }
}
