import { type Call, field, foreign, list, text } from './call';

/** A way to prove that one is who one says, beside the password. */
export type Method = 'totp' | 'recovery' | 'passkey';

/** A sign-in that waits for its second step. */
export interface Pending {
  step: string;
  methods: Method[];
}

/** What a passkey is asked for: the standard's options in their JSON form. */
export type RequestOptions = PublicKeyCredentialRequestOptionsJSON;

/** What the second step is answered with. */
export type Proof = { method: 'totp' | 'recovery'; code: string } | { method: 'passkey'; credential: object };

export interface Invitation {
  role: string;
  expires: string;
}

/** DoorApi is what can be asked before one is in. */
export class DoorApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** Whether nobody has an account yet. */
  async setupNeeded(): Promise<boolean> {
    return field(await this.#call('GET', 'setup'), 'needed') === true;
  }

  /** Makes the first account and signs in. */
  async setUp(token: string, user: string, password: string): Promise<void> {
    await this.#call('POST', 'setup', { token, user, password });
  }

  /** Whether this controller takes passkeys at the address under which the page was opened. */
  async passkeys(): Promise<boolean> {
    return field(await this.#call('GET', 'features'), 'passkeys') === true;
  }

  /** Signs in; resolves to what is still to be answered, or null when one is in. */
  async signIn(user: string, password: string): Promise<Pending | null> {
    const v = await this.#call('POST', 'session', { user, password });
    if (v === null) return null;
    const second = field(v, 'second');
    return { step: text(second, 'step'), methods: list<Method>(second, 'methods') };
  }

  async prove(step: string, proof: Proof): Promise<void> {
    await this.#call('POST', 'session/second', { step, ...proof });
  }

  /** What a passkey is asked for as the second step. */
  async challenge(step: string): Promise<RequestOptions> {
    return options(await this.#call('POST', 'session/second/passkey', { step }));
  }

  /** Begins a sign-in that a passkey alone completes. */
  async passkeyOnly(): Promise<{ step: string; options: RequestOptions }> {
    const v = await this.#call('POST', 'session/passkey', {});
    return { step: text(v, 'step'), options: options(v) };
  }

  /** What an invitation is for; rejects when it is no longer good. */
  async invitation(token: string): Promise<Invitation> {
    const v = await this.#call('POST', 'invitations/check', { token });
    return { role: text(v, 'role'), expires: text(v, 'expires') };
  }

  /** Makes the account that an invitation is for, and signs in. */
  async accept(token: string, user: string, password: string): Promise<void> {
    await this.#call('POST', 'invitations/accept', { token, user, password });
  }
}

function options(v: unknown): RequestOptions {
  const o = field(v, 'options');
  if (typeof o !== 'object' || o === null) throw foreign(200);
  return o as RequestOptions;
}
