// Who else may see a torrent: reading that, and changing it.

import { type Call, http } from './api/call';
import { bag, bags, text } from './live/read';
import { type Access, ACCESSES } from './live/torrent';

export interface Grant {
  user: string;
  access: Access;
}

/** Grants speaks with the controller of who may see which torrent. */
export class Grants {
  readonly #call: Call;

  /** base is the address of the API with a slash at its end. */
  constructor(base: string) {
    this.#call = http(base);
  }

  /** Who may see this torrent, for those who may give it. */
  async of(box: string, hash: string): Promise<Grant[]> {
    const v = await this.#call('GET', `grants?${new URLSearchParams({ box, hash })}`);
    return bags(bag(v).grants).flatMap((g) => {
      const access = ACCESSES.find((a) => a === g.access);
      return access ? [{ user: text(g.user), access }] : [];
    });
  }

  /** Gives a torrent to a user, or takes it back. */
  async put(box: string, hash: string, user: string, access: Access | 'none'): Promise<void> {
    await this.#call('PUT', 'grants', { torrents: [{ box, hash }], user, access });
  }
}
