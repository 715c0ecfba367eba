import { ApiError } from './api';

/** Loaded is something of the controller's that a page shows and asks for again after each change. */
export class Loaded<T> {
  /** undefined until it came once; what was last known while it cannot be had. */
  value: T | undefined = $state.raw();
  trouble = $state('');
  readonly #fetch: () => Promise<T>;
  #asked = 0;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  /** Asks for it unless that was done before. */
  first(): void {
    if (this.#asked === 0) void this.load();
  }

  load = async (): Promise<void> => {
    const mine = ++this.#asked;
    try {
      const value = await this.#fetch();
      if (mine !== this.#asked) return; // a later question knows more
      this.value = value;
      this.trouble = '';
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      if (mine === this.#asked) this.trouble = err.message;
    }
  };
}
