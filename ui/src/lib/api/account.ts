import { type Call, field, foreign, list, step, text } from './call';

export interface SessionInfo {
  id: string;
  created: string;
  seen: string;
  agent: string; // the browser, as people call it; empty when it did not say
  current?: boolean;
}

export interface Passkey {
  id: string;
  name: string;
  created: string;
  used?: string;
}

export interface Factors {
  totp: boolean;
  recovery_left: number;
  passkeys: Passkey[];
}

/** What an authenticator app has to be told, before it is confirmed. */
export interface Enrolment {
  secret: string;
  uri: string;
  qr: string; // a picture, as a data: address
}

/** What an API token may do; each includes the one before. */
export const SCOPES = ['read', 'control', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

export interface TokenInfo {
  id: string;
  name: string;
  scope: string;
  created: string;
  used?: string;
  expires?: string;
}

/** AccountApi is what people do with their own account. */
export class AccountApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Changes the password; all other sessions end. */
  async changePassword(old: string, fresh: string): Promise<void> {
    await this.#call('POST', 'password', { old, new: fresh });
  }

  async sessions(): Promise<SessionInfo[]> {
    return list(await this.#call('GET', 'sessions'), 'sessions');
  }

  async endSession(id: string): Promise<void> {
    await this.#call('DELETE', `sessions/${step(id)}`);
  }

  /** Ends all sessions but this one. */
  async endSessions(): Promise<void> {
    await this.#call('DELETE', 'sessions');
  }

  async factors(): Promise<Factors> {
    const v = await this.#call('GET', 'factors');
    return { totp: field(v, 'totp') === true, recovery_left: Number(field(v, 'recovery_left') ?? 0), passkeys: list(v, 'passkeys') };
  }

  async enrol(password: string): Promise<Enrolment> {
    const v = await this.#call('POST', 'factors/totp', { password });
    return { secret: text(v, 'secret'), uri: text(v, 'uri'), qr: text(v, 'qr') };
  }

  /** Turns codes on; resolves to the recovery codes, which are told only now. */
  async confirmCodes(code: string): Promise<string[]> {
    return list(await this.#call('POST', 'factors/totp/confirm', { code }), 'recovery_codes');
  }

  async removeCodes(password: string): Promise<void> {
    await this.#call('POST', 'factors/totp/remove', { password });
  }

  /** New recovery codes; those of before are void. */
  async renewRecovery(password: string): Promise<string[]> {
    return list(await this.#call('POST', 'factors/recovery', { password }), 'recovery_codes');
  }

  /** What a browser is asked for to make a passkey. */
  async beginPasskey(password: string): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const o = field(await this.#call('POST', 'factors/passkeys', { password }), 'options');
    if (typeof o !== 'object' || o === null) throw foreign(200);
    return o as PublicKeyCredentialCreationOptionsJSON;
  }

  async finishPasskey(name: string, credential: object): Promise<void> {
    await this.#call('POST', 'factors/passkeys/finish', { name, credential });
  }

  async removePasskey(id: string, password: string): Promise<void> {
    await this.#call('POST', `factors/passkeys/${step(id)}/remove`, { password });
  }

  async tokens(): Promise<TokenInfo[]> {
    return list(await this.#call('GET', 'tokens'), 'tokens');
  }

  /** Makes a token, which is told only now; days 0 is one that does not end. */
  async makeToken(name: string, scope: Scope, days: number): Promise<string> {
    return text(await this.#call('POST', 'tokens', { name, scope, ...(days > 0 && { days }) }), 'token');
  }

  async revokeToken(id: string): Promise<void> {
    await this.#call('DELETE', `tokens/${step(id)}`);
  }
}
