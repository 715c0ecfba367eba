// A controller for the tests of the pages: answers by "METHOD path", and what was asked.

import { vi } from 'vitest';
import { Api } from '../lib/api';
import { ApiError, type Call } from '../lib/api/call';
import type { CommandsApi } from '../lib/api/commands';

export type Answers = Record<string, unknown>;

export interface Asked {
  what: string; // "POST session"
  body: object | undefined;
}

/** An API over answers. A function is called with the body; an ApiError refuses; what has no answer is refused with 404. */
export function fakeApi(answers: Answers): { api: Api; asked: Asked[]; answers: Answers; bodies: (what: string) => (object | undefined)[] } {
  const asked: Asked[] = [];
  const call: Call = (method, path, body) => {
    const what = `${method} ${path}`;
    asked.push({ what, body });
    if (!(what in answers)) return Promise.reject(new ApiError(404, 'not-found', `There is no answer to ${what}.`));
    const present = answers[what];
    const answer: unknown = typeof present === 'function' ? (present as (body?: object) => unknown)(body) : present;
    return answer instanceof ApiError ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const bodies = (what: string): (object | undefined)[] => asked.filter((a) => a.what === what).map((a) => a.body);
  return { api: new Api('http://localhost/api/v1/', call), asked, answers, bodies };
}

/** For Commands that need not ask for more of an order than they are told. */
export const noOrders: Pick<CommandsApi, 'get'> = { get: () => Promise.reject(new Error('no order is asked for')) };

/** What a page of the document is driven with. */
export const find = <E extends HTMLElement = HTMLElement>(selector: string): E => {
  const element = document.querySelector<E>(selector);
  if (!element) throw new Error(`there is no ${selector}`);
  return element;
};

export function type(selector: string, text: string): void {
  const input = find<HTMLInputElement>(selector);
  input.value = text;
  input.dispatchEvent(new Event(input instanceof HTMLSelectElement ? 'change' : 'input', { bubbles: true }));
}

/** Waits until the check passes, however busy the machine is. */
export const eventually = <T>(check: () => T): Promise<T> => vi.waitFor(check, { timeout: 30_000 });
