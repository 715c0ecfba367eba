// The controller's HTTP API, as far as the page uses it.

import { AccountApi } from './api/account';
import { BoxesApi } from './api/boxes';
import { ApiError, type Call, field, foreign, http } from './api/call';
import { CommandsApi } from './api/commands';
import { DoorApi } from './api/door';
import { OwnersApi } from './api/owners';
import { PeopleApi } from './api/people';

export { ApiError, sentence } from './api/call';

export interface Principal {
  user: string;
  role: string;
  name: string; // the user as its owner wrote it
}

export interface Ticket {
  ticket: string;
  expires_in: number; // seconds
}

export class Api {
  readonly base: string;
  readonly door: DoorApi;
  readonly account: AccountApi;
  readonly people: PeopleApi;
  readonly owners: OwnersApi;
  readonly commands: CommandsApi;
  readonly boxes: BoxesApi;
  /** Is called when the controller says that nobody is signed in here any more. */
  ended: () => void = () => undefined;
  readonly #call: Call;

  /** base is the address of the API with a slash at its end. */
  constructor(base: string, call: Call = http(base)) {
    this.base = base;
    this.#call = call;
    const inside: Call = async (...request) => {
      try {
        return await call(...request);
      } catch (err) {
        if (err instanceof ApiError && err.code === 'signed-out') this.ended();
        throw err;
      }
    };
    this.door = new DoorApi(call);
    this.account = new AccountApi(inside);
    this.people = new PeopleApi(inside);
    this.owners = new OwnersApi(inside);
    this.commands = new CommandsApi(inside);
    this.boxes = new BoxesApi(inside);
  }

  /** Ends the session. Resolves to why it goes on, in a sentence; empty when it has ended. */
  async signOut(): Promise<string> {
    try {
      await this.#call('DELETE', 'session');
    } catch (err) {
      if (!(err instanceof ApiError)) throw err;
      if (err.status !== 401) return `You are still signed in. ${err.message}`;
    }
    return '';
  }

  /** Who is signed in, or null. */
  async whoAmI(): Promise<Principal | null> {
    try {
      const v = await this.#call('GET', 'session');
      const user = String(field(v, 'user') ?? '');
      return { user, role: String(field(v, 'role') ?? ''), name: String(field(v, 'name') || user) };
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
}

/** The address of the API for a page that is served at the controller's root, wherever that is. */
export function apiBase(document: string): string {
  return new URL('api/v1/', document).href;
}
