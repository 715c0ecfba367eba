import { type Access, ACCESSES } from '../live/torrent';
import { bags, text } from '../live/read';
import type { Target } from './commands';
import { type Call, field, list } from './call';

/** What one person may do with a torrent. */
export interface Grant {
  user: string;
  access: Access;
}

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

/** OwnersApi is whose a torrent is. Owners share theirs; all else is for administrators. */
export class OwnersApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  async unowned(): Promise<OwnedTorrent[]> {
    return list(await this.#call('GET', 'owners?unowned=true'), 'torrents');
  }

  /** Who may see this torrent, for those who may give it. */
  async grants(box: string, hash: string): Promise<Grant[]> {
    const answer = await this.#call('GET', `grants?${new URLSearchParams({ box, hash })}`);
    return bags(field(answer, 'grants')).flatMap((g) => {
      const access = ACCESSES.find((a) => a === g.access);
      return access ? [{ user: text(g.user), access }] : [];
    });
  }

  /** Gives a person access to torrents, at most GRANTS_AT_ONCE, or takes it back; resolves to how many changed. */
  async grant(torrents: readonly Target[], user: string, access: Access | 'none'): Promise<number> {
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
