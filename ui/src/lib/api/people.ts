import type { SessionInfo, TokenInfo } from './account';
import { type Call, list, step, text } from './call';

/** What a person may have; 0 or nothing is without a limit. */
export interface Quota {
  torrents?: number;
  bytes?: number;
  down?: number; // bytes a second
  up?: number;
}

export interface Usage {
  torrents: number;
  bytes: number;
}

export interface Person {
  user: string;
  name?: string; // as its owner wrote it
  role: string;
  disabled?: boolean;
  created: string;
  seen?: string;
  second_factor?: boolean;
  sessions?: number;
  quota?: Quota;
  used?: Usage;
}

export interface OpenInvitation {
  id: string;
  role: string;
  created: string;
  expires: string;
}

/** An invitation as it is told once. */
export interface Link {
  link: string;
  expires: string;
}

export interface AuditEntry {
  at: string;
  actor: string; // empty for the controller's own socket
  action: string;
  object: string;
}

/** PeopleApi is what administrators do about people. */
export class PeopleApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async list(): Promise<Person[]> {
    return list(await this.#call('GET', 'users'), 'users');
  }

  async add(user: string, role: string, password: string): Promise<void> {
    await this.#call('POST', 'users', { user, role, password });
  }

  async change(user: string, change: { role?: string; disabled?: boolean }): Promise<void> {
    await this.#call('PATCH', `users/${step(user)}`, change);
  }

  async remove(user: string): Promise<void> {
    await this.#call('DELETE', `users/${step(user)}`);
  }

  async setPassword(user: string, password: string): Promise<void> {
    await this.#call('POST', `users/${step(user)}/password`, { password });
  }

  async removeFactors(user: string): Promise<void> {
    await this.#call('POST', `users/${step(user)}/factors/remove`);
  }

  async setQuota(user: string, quota: Quota): Promise<void> {
    await this.#call('PUT', `users/${step(user)}/quota`, quota);
  }

  async sessions(user: string): Promise<SessionInfo[]> {
    return list(await this.#call('GET', `users/${step(user)}/sessions`), 'sessions');
  }

  async endSession(user: string, id: string): Promise<void> {
    await this.#call('DELETE', `users/${step(user)}/sessions/${step(id)}`);
  }

  async endSessions(user: string): Promise<void> {
    await this.#call('DELETE', `users/${step(user)}/sessions`);
  }

  async tokens(user: string): Promise<TokenInfo[]> {
    return list(await this.#call('GET', `users/${step(user)}/tokens`), 'tokens');
  }

  async revokeToken(user: string, id: string): Promise<void> {
    await this.#call('DELETE', `users/${step(user)}/tokens/${step(id)}`);
  }

  async invitations(): Promise<OpenInvitation[]> {
    return list(await this.#call('GET', 'invitations'), 'invitations');
  }

  async invite(role: string, hours: number): Promise<Link> {
    const v = await this.#call('POST', 'invitations', { role, hours });
    return { link: text(v, 'link'), expires: text(v, 'expires') };
  }

  async revokeInvitation(id: string): Promise<void> {
    await this.#call('DELETE', `invitations/${step(id)}`);
  }

  /** The last n entries of what was done to accounts and torrents. */
  async audit(n: number): Promise<AuditEntry[]> {
    return list(await this.#call('GET', `audit?n=${n}`), 'audit');
  }
}
