// What the frames of one topic add up to, by the kind of topic.

import { elapsed, type Instant, now } from '../instant';
import { aged, type BoxReport, type HostReport, readHosts, readLines } from './boxes';
import { type Content, Misfit } from './content';
import { type DetailChange, DetailSum, isDetailTopic, readDetail } from './detail';
import { Mirror } from './mirror';
import { Orders } from './orders';
import type { Bag } from './read';
import { type Notice, readNotices, readTotals, type Totals } from './sums';
import type { News } from './transport';

export function contentOf(topic: string): Content {
  switch (topic) {
    case 'torrents':
      return new Mirror();
    case 'line':
      return new Lines();
    case 'host':
      return new Latest<HostReport[]>((m) => (Array.isArray(m.boxes) ? readHosts(m.boxes) : null), (boxes) => ({ kind: 'host', boxes }));
    case 'totals':
      return new Latest<Totals>((m) => ('torrents' in m ? readTotals(m) : null), (totals) => ({ kind: 'totals', totals }));
    case 'notices':
      return new Notices();
    case 'commands':
      return new Orders();
    default:
      return isDetailTopic(topic) ? new Details() : new Latest<null>(() => null, () => null);
  }
}

/** Content that comes whole each time. */
class Latest<T> implements Content {
  #value: T | null = null;
  readonly #read: (members: Bag) => T | null;
  readonly #tell: (value: T) => News | null;

  constructor(read: (members: Bag) => T | null, tell: (value: T) => News | null) {
    this.#read = read;
    this.#tell = tell;
  }

  begin(): void {}
  interrupted(): void {}

  take(members: Bag): News | null {
    const value = this.#read(members);
    if (value === null) return null;
    this.#value = value;
    return this.#tell(value);
  }

  whole(): News | null {
    return this.#value === null ? null : this.#tell(this.#value);
  }
}

/** The lines also come whole, but what they tell of ages runs on. */
class Lines implements Content {
  #heard: { boxes: BoxReport[]; at: Instant } | null = null;

  begin(): void {}
  interrupted(): void {}

  take(members: Bag): News | null {
    if (!Array.isArray(members.boxes)) return null;
    const boxes = readLines(members.boxes);
    this.#heard = { boxes, at: now() };
    return { kind: 'line', boxes };
  }

  whole(): News | null {
    return this.#heard && { kind: 'line', boxes: aged(this.#heard.boxes, elapsed(this.#heard.at)) };
  }
}

// As many as the controller brings at first.
const NOTICES = 50;

class Notices implements Content {
  #notices: Notice[] | null = null;
  #reset = false;

  begin(): void {
    this.#notices = [];
    this.#reset = true;
  }
  interrupted(): void {}

  take(members: Bag, last: boolean): News | null {
    const fresh = readNotices(members.notices);
    const known = new Set(this.#notices?.map((n) => n.id));
    this.#notices = [...(this.#notices ?? []), ...fresh.filter((n) => !known.has(n.id))].slice(-NOTICES);
    const reset = this.#reset;
    if (last) this.#reset = false;
    if (reset) return last ? this.whole() : null;
    return fresh.length > 0 ? { kind: 'notices', notices: fresh, reset: false } : null;
  }

  whole(): News | null {
    return this.#notices && { kind: 'notices', notices: this.#notices, reset: true };
  }
}

/** One torrent. A reset is told when all of it has come, so that an open list does not jump. */
class Details implements Content {
  #sum: DetailSum | null = null;
  #coming: DetailSum | null = null;

  begin(): void {
    this.#coming = new DetailSum();
  }

  interrupted(): void {
    this.#coming = null;
  }

  take(members: Bag, last: boolean): News | null {
    const change = readDetail(members);
    if (!this.#coming) {
      if (!this.#sum) throw new Misfit();
      this.#sum.add(change);
      return isNews(change) ? { kind: 'detail', change } : null;
    }
    this.#coming.add(change);
    if (!last) return null;
    this.#sum = this.#coming;
    this.#coming = null;
    return this.whole();
  }

  whole(): News | null {
    return this.#sum && { kind: 'detail', change: this.#sum.whole() };
  }
}

function isNews(c: DetailChange): boolean {
  return c.pending || c.age !== null || c.info !== null || c.trackers !== null || c.pieces !== null || c.files.length + c.peers.length + c.peersGone.length > 0;
}
