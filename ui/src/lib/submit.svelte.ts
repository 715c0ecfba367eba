import { ApiError } from './api';

/** Submission is one form's way to the controller: one at a time, its trouble kept to be shown. */
export class Submission {
  busy = $state(false);
  trouble = $state('');
  code = $state('');

  /** Runs the request; true when it went through. */
  async run(request: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    this.trouble = this.code = '';
    try {
      await request();
      return true;
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      this.trouble = err.message;
      this.code = err.code;
      return false;
    } finally {
      this.busy = false;
    }
  }
}
