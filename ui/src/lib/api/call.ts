// One request to the controller, and what can come of it.

const TIMEOUT_MS = 15_000;

/** Sends a request and resolves to the answer's JSON, null when there is none; rejects with an ApiError. What takes longer than most says how long. */
export type Call = (method: string, path: string, body?: object, patienceMS?: number) => Promise<unknown>;

/** What the controller, or the way to it, had against a request. Its message is for the user. */
export class ApiError extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: string;
  /** Seconds to wait before another try; 0 when nothing was said. */
  readonly wait: number;

  constructor(status: number, code: string, text: string, wait = 0) {
    super(text);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.wait = wait;
  }
}

/** Requests to the API at base, which has a slash at its end. */
export function http(base: string): Call {
  return async (method, path, body, patienceMS = TIMEOUT_MS) => {
    let answer: Response;
    try {
      answer = await fetch(new URL(path, base), {
        method,
        credentials: 'same-origin',
        cache: 'no-store',
        redirect: 'error',
        signal: AbortSignal.timeout(patienceMS),
        ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
      });
    } catch {
      throw new ApiError(0, 'unreachable', 'The controller does not answer. Is it running, and can this device reach it?');
    }
    if (answer.status === 204) return null;
    const v: unknown = await answer.json().catch(() => null);
    if (answer.ok) return v;
    throw refusal(answer, v);
  };
}

function refusal(answer: Response, v: unknown): ApiError {
  const code = field(v, 'code');
  const text = field(v, 'detail');
  if (typeof code !== 'string' || typeof text !== 'string') return foreign(answer.status);
  const wait = Number(answer.headers.get('retry-after'));
  return new ApiError(answer.status, code, sentence(text), wait > 0 ? wait : 0);
}

/** A member of an answer, undefined when it has none. */
export function field(v: unknown, name: string): unknown {
  return typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[name] : undefined;
}

/** A text of an answer; without it, it is not the controller's. */
export function text(v: unknown, name: string): string {
  const s = field(v, name);
  if (typeof s !== 'string') throw foreign(200);
  return s;
}

/** A list of an answer; nothing may stand for an empty one. */
export function list<T>(v: unknown, name: string): T[] {
  const items = field(v, name) ?? [];
  if (typeof v !== 'object' || v === null || !Array.isArray(items)) throw foreign(200);
  return items as T[];
}

/** One step of a path below the API. */
export const step = encodeURIComponent;

export function foreign(status: number): ApiError {
  return new ApiError(status, 'foreign', `Something else than the controller answered (status ${status}). Check the address.`);
}

/** Makes an error's text, lower case and without a full stop, a sentence. */
export function sentence(words: string): string {
  const s = words.trim();
  if (s === '') return s;
  return s[0]!.toUpperCase() + s.slice(1) + (/[.!?…]$/.test(s) ? '' : '.');
}
