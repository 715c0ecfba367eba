import { createSubscriber } from 'svelte/reactivity';
import { ApiError } from './api';
import { PasskeyError } from './passkey';

/** Submission is one form's way to the controller: one at a time, its trouble kept to be shown. */
export class Submission {
  busy = $state(false);
  trouble = $state('');
  code = $state('');
  #until = $state(0); // when another try makes sense, as of Date.now()
  readonly #seconds = createSubscriber((update) => {
    const timer = setInterval(update, 1000);
    return () => clearInterval(timer);
  });

  /** Seconds until another try makes sense; it counts down where it is shown. */
  get wait(): number {
    const left = Math.ceil((this.#until - Date.now()) / 1000);
    if (left <= 0) return 0;
    this.#seconds();
    return left;
  }

  /** Runs the request; true when it went through. */
  async run(request: () => Promise<void>): Promise<boolean> {
    if (this.busy || this.wait > 0) return false;
    this.busy = true;
    this.clear();
    try {
      await request();
      return true;
    } catch (err) {
      this.#failed(err);
      return false;
    } finally {
      this.busy = false;
    }
  }

  clear(): void {
    this.trouble = this.code = '';
  }

  #failed(err: unknown): void {
    if (err instanceof PasskeyError) {
      this.trouble = err.message;
      this.code = 'passkey';
      return;
    }
    if (!(err instanceof ApiError)) throw err;
    this.code = err.code;
    // The seconds stand on the button, where they count down.
    this.trouble = err.wait > 0 ? err.message.replace(/\s*Try again in \d+ s\./, '') : err.message;
    if (err.wait > 0) this.#until = Date.now() + err.wait * 1000;
  }
}
