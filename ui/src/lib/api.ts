// The controller's HTTP API, as far as the page uses it.

const TIMEOUT_MS = 15_000;

export interface Principal {
  user: string;
  role: string;
}

export interface Ticket {
  ticket: string;
  expires_in: number; // seconds
}

/** What the controller, or the way to it, had against a request. Its message is for the user. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, text: string) {
    super(text);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

export class Api {
  readonly base: string;

  /** base is the address of the API with a slash at its end. */
  constructor(base: string) {
    this.base = base;
  }

  /** Whether nobody has an account yet. */
  async setupNeeded(): Promise<boolean> {
    return field(await this.#call('GET', 'setup'), 'needed') === true;
  }

  /** Makes the first account and signs in. */
  async setUp(token: string, user: string, password: string): Promise<void> {
    await this.#call('POST', 'setup', { token, user, password });
  }

  async signIn(user: string, password: string): Promise<void> {
    await this.#call('POST', 'session', { user, password });
  }

  async signOut(): Promise<void> {
    await this.#call('DELETE', 'session');
  }

  /** Who is signed in, or null. */
  async whoAmI(): Promise<Principal | null> {
    try {
      const v = await this.#call('GET', 'session');
      return { user: String(field(v, 'user') ?? ''), role: String(field(v, 'role') ?? '') };
    } catch (err) {
      if (err instanceof ApiError && err.status === 401) return null;
      throw err;
    }
  }

  /** A ticket for one WebSocket. */
  async ticket(): Promise<Ticket> {
    const v = await this.#call('POST', 'tickets');
    const ticket = field(v, 'ticket');
    const expires = field(v, 'expires_in');
    if (typeof ticket !== 'string' || typeof expires !== 'number') throw foreign(200);
    return { ticket, expires_in: expires };
  }

  async #call(method: string, path: string, body?: Record<string, string>): Promise<unknown> {
    let answer: Response;
    try {
      answer = await fetch(new URL(path, this.base), {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    } catch {
      throw new ApiError(0, 'unreachable', 'The controller does not answer. Is it running, and can this device reach it?');
    }
    if (answer.status === 204) return null;
    const v: unknown = await answer.json().catch(() => null);
    if (answer.ok) return v;
    const error = field(v, 'error');
    const code = field(error, 'code');
    const text = field(error, 'text');
    if (typeof code !== 'string' || typeof text !== 'string') throw foreign(answer.status);
    throw new ApiError(answer.status, code, sentence(text));
  }
}

/** The address of the API for a page that is served at the controller's root, wherever that is. */
export function apiBase(document: string): string {
  return new URL('api/v1/', document).href;
}

function field(v: unknown, name: string): unknown {
  return typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[name] : undefined;
}

function foreign(status: number): ApiError {
  return new ApiError(status, 'foreign', `Something else than the controller answered (status ${status}). Check the address.`);
}

/** Makes an error's text, lower case and without a full stop, a sentence. */
export function sentence(text: string): string {
  const s = text.trim();
  if (s === '') return s;
  return s[0]!.toUpperCase() + s.slice(1) + (/[.!?…]$/.test(s) ? '' : '.');
}
