import { ApiError } from '../api/call';
import type { BoxesApi } from '../api/boxes';
import { type CommandsApi, type Doing, MAX_TORRENTS, type Target } from '../api/commands';
import type { Order } from '../live/orders';
import type { Commands } from './commands.svelte';

/** Actor has things done for the user, and lets the page show what was asked for at once. */
export class Actor {
  readonly commands: Commands;
  readonly boxes: BoxesApi;
  readonly #api: CommandsApi;

  constructor(api: { commands: CommandsApi; boxes: BoxesApi }, commands: Commands) {
    this.#api = api.commands;
    this.boxes = api.boxes;
    this.commands = commands;
  }

  /**
   * Has it done to torrents that the user may do it to. Resolves to the orders once the
   * controller has them; null when it refused, which is then said.
   *
   * @param quiet only what fails is said
   */
  async act(targets: readonly Target[], doing: Doing, quiet = false): Promise<Order[] | null> {
    const all: Order[] = [];
    for (let i = 0; i < targets.length; i += MAX_TORRENTS) {
      const part = targets.slice(i, i + MAX_TORRENTS);
      const name = this.commands.begin(doing.do, part);
      try {
        const orders = await this.#api.act(part, doing);
        this.commands.placed(name, orders, quiet);
        all.push(...orders);
      } catch (err) {
        this.commands.refused(name);
        this.#complain(err);
        return null;
      }
    }
    return all;
  }

  async cancel(id: string): Promise<void> {
    try {
      await this.#api.cancel(id);
    } catch (err) {
      this.#complain(err);
    }
  }

  #complain(err: unknown): void {
    if (!(err instanceof ApiError)) throw err;
    this.commands.say('bad', err.message);
  }
}
