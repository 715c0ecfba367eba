import type { Access } from '../live/torrent';
import { type Call, field, list } from './call';

/** A rule gives what fits it, and has no owner, to a person. What is absent fits all. */
export interface Rule {
  box?: string;
  label?: string;
  name?: string; // with * and ? for what may be anything
  user: string;
  access: Access;
}

export interface OwnedTorrent {
  box: string;
  hash: string;
  name: string;
  size: number;
  added: number; // Unix seconds
}

/** OwnersApi is what administrators do about whose a torrent is. */
export class OwnersApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async unowned(): Promise<OwnedTorrent[]> {
    return list(await this.#call('GET', 'owners?unowned=true'), 'torrents');
  }

  /** Gives a person access to torrents, at most GRANTS_AT_ONCE; resolves to how many changed. */
  async grant(torrents: { box: string; hash: string }[], user: string, access: Access | 'none'): Promise<number> {
    const asked = torrents.map(({ box, hash }) => ({ box, hash }));
    return Number(field(await this.#call('PUT', 'grants', { torrents: asked, user, access }), 'changed') ?? 0);
  }

  async rules(): Promise<Rule[]> {
    return list(await this.#call('GET', 'rules'), 'rules');
  }

  async setRules(rules: Rule[]): Promise<void> {
    await this.#call('PUT', 'rules', { rules });
  }
}

/** Fewer than the controller takes, so that a request stays small whatever the boxes are called. */
export const GRANTS_AT_ONCE = 400;
