// What the mock controller does when somebody asks for something: orders that are
// taken, go out, come along and end, and what they do to the invented torrents.
// Verifying fails with every seventh torrent; "Apollo" cannot be moved; a magnet
// link with "quota" in it is one too many.

import { createHash, randomBytes } from 'node:crypto';

const STEP_MS = 500;
const SETTINGS = {
  down_limit: 2_000_000, down_limited: true, up_limit: 500_000, up_limited: false, alt_speed: false, alt_down: 50_000, alt_up: 50_000, alt_scheduled: true,
  alt_begin: 480, alt_end: 1320, alt_days: 62, ratio_limit: 20_000, ratio_limited: true, idle_limit: 30, idle_limited: false, down_queue: 5, down_queue_enabled: true,
  seed_queue: 10, seed_queue_enabled: false, stalled_minutes: 30, stalled_enabled: true, peer_limit: 200, torrent_peer_limit: 50, peer_port: 51413, random_port: false,
  port_forwarding: false, encryption: 'preferred', dht: true, pex: true, lpd: false, utp: true, download_dir: '/srv/downloads', incomplete_dir: '/srv/incomplete',
  use_incomplete: false, start_added: true, rename_partial: true, delete_torrents: false, cache_mb: 4, blocklist_url: 'https://lists.example.org/level1', blocklist_enabled: true, blocklist_size: 214_000,
};
const OPTIONS = {
  down_limit: 500_000, down_limited: false, up_limit: 100_000, up_limited: true, unbound: false, priority: 0, peer_limit: 50, ratio_mode: 1, ratio_limit: 15_000, idle_mode: 0, idle_limit: 30, sequential: false,
};

export class Orders {
  list = [];
  #hashes = new Map();
  #settings = new Map();
  #options = new Map();
  #world;
  #topics;

  constructor(world, topics) {
    this.#world = world;
    this.#topics = topics;
  }

  /** Answers what is about commands, boxes and single torrents; false for anything else. */
  answer({ method, url, body, answer, refuse }) {
    const [, first, box, last] = /^\/api\/v1\/(commands|torrents|boxes)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(url.pathname) ?? [];
    if (!first) return false;
    const placed = (orders) => (answer(202, { commands: orders.map((o) => ({ ...o })) }), true);
    switch (`${method} ${first}${box ? '/' : ''}${last ? `/${first === 'torrents' ? '' : last}` : ''}`) {
      case 'GET commands':
        return answer(200, { commands: this.list }), true;
      case 'GET commands/': {
        const order = this.list.find((o) => o.id === box);
        return order ? answer(200, { ...order, torrents: this.#hashes.get(box) }) : refuse(404, 'unknown-command', 'there is no such command'), true;
      }
      case 'DELETE commands/': {
        const order = this.list.find((o) => o.id === box);
        if (!order || order.ended) return refuse(409, 'too-late', 'the command has been done, or has begun'), true;
        this.#end(order, 'cancelled', { fault: { code: 'cancelled', text: 'it was cancelled' } });
        return answer(204), true;
      }
      case 'POST commands': {
        const boxes = [...new Set(body.torrents.map((t) => t.box))].sort();
        return placed(boxes.map((name) => this.#begin(name, body.do, body.torrents.filter((t) => t.box === name).map((t) => t.hash), body)));
      }
      case 'POST torrents':
        if (body.magnet?.includes('quota')) return refuse(403, 'over-quota', 'this would be more than the 100 torrents that you may have; remove some first'), true;
        return placed([this.#begin(body.box || 'reykjavik', 'add', [], body)]);
      case 'GET torrents//':
        return answer(200, { options: this.#options.get(last) ?? OPTIONS }), true;
      case 'GET boxes':
        return answer(200, { boxes: ['reykjavik', 'lisbon', 'tallinn'].slice(0, this.#world.boxes).map((name) => ({ name, may_configure: true, session: { alt_speed: this.#of(name).alt_speed } })) }), true;
      case 'GET boxes//settings':
        return answer(200, this.#of(box)), true;
      case 'PATCH boxes//settings':
        this.#settings.set(box, { ...this.#of(box), ...body });
        return placed([this.#done(box, 'configure')]);
      case 'POST boxes//test-port':
        return setTimeout(() => answer(200, { open: false }), 800), true;
      case 'POST boxes//blocklist':
        return placed([this.#done(box, 'blocklist', { rules: 214_311 })]);
      case 'GET boxes//free-space':
        return answer(200, { free: 4.12e11, total: 1.9e12 }), true;
    }
    return false;
  }

  #of(box) {
    return this.#settings.get(box) ?? SETTINGS;
  }

  #done(box, kind, result = {}) {
    const order = this.#make(box, kind, []);
    this.#end(order, 'done', result);
    return order;
  }

  #make(box, kind, hashes) {
    const now = new Date().toISOString();
    const order = {
      id: randomBytes(16).toString('hex'), box, user: 'ada', do: kind, ...(hashes.length <= 200 && { torrents: hashes }), state: 'waiting', done: 0, of: hashes.length || (kind === 'add' ? 1 : 0),
      created: now, expires: new Date(Date.now() + 86_400_000).toISOString(),
    };
    this.list.push(order);
    this.#hashes.set(order.id, hashes);
    return order;
  }

  #begin(box, kind, hashes, body) {
    const order = this.#make(box, kind, hashes);
    const rows = hashes.map((hash) => this.#topics.rows.find((row) => row.hash === hash));
    this.#tell(order);
    setTimeout(() => this.#go(order, rows, body), STEP_MS);
    return order;
  }

  #go(order, rows, body) {
    if (order.ended) return;
    if (this.#world.line !== 'up' && order.box === 'reykjavik') {
      order.why = 'no onion service is found at the address of this box; the command goes out as soon as the line is up';
      this.#tell(order);
      setTimeout(() => this.#go(order, rows, body), 2 * STEP_MS);
      return;
    }
    Object.assign(order, { state: 'sent', why: undefined });
    const part = Math.max(Math.ceil(rows.length / 8), 1);
    const step = () => {
      if (order.ended) return;
      const now = rows.slice(order.done, order.done + part);
      this.#apply(order, now, body);
      order.done += now.length;
      if (order.done < rows.length) {
        this.#tell(order);
        setTimeout(step, STEP_MS);
      } else setTimeout(() => this.#finish(order, rows, body), STEP_MS);
    };
    step();
  }

  #fails = (kind, row, i) => (kind === 'verify' && i % 7 === 6 ? { code: 'daemon-refused', text: 'Transmission says: no data was found' } : kind === 'move' && row.name.includes('Apollo') ? { code: 'bad-path', text: 'this folder is outside the downloads of the box' } : null);

  #finish(order, rows, body) {
    if (order.do === 'add') return this.#add(order, body);
    const faults = rows.flatMap((row, i) => {
      const fault = row && this.#fails(order.do, row, i);
      return fault ? [{ hash: row.hash, fault }] : [];
    });
    this.#end(order, faults.length === rows.length ? 'failed' : 'done', { done: rows.length - faults.length, failed: faults.length, faults });
  }

  #end(order, state, result) {
    Object.assign(order, { state, done: order.of, ended: new Date().toISOString(), result: { id: order.id, ...result } });
    delete order.why;
    this.#tell(order);
  }

  #add(order, body) {
    const name = new URLSearchParams(body.magnet?.slice(8)).get('dn') ?? (body.url ? decodeURIComponent(body.url.split('/').at(-1)) : 'A new torrent');
    if (body.url?.includes('192.168.')) return this.#end(order, 'failed', { fault: { code: 'forbidden-url', text: 'this address leads into the network of the box; only public ones are fetched' } });
    const hash = createHash('sha1').update(name).digest('hex');
    const duplicate = this.#topics.rows.some((row) => row.hash === hash);
    if (!duplicate) {
      const row = {
        ...this.#topics.rows[0], id: Math.max(0, ...this.#topics.rows.map((r) => r.id)) + 1, box: order.box, hash, name, status: body.paused ? 'stopped' : 'downloading', error_kind: 0, error: '', left: 8e8, size: 8e8,
        metadata: body.magnet ? 2500 : 10000, rate_down: body.paused ? 0 : 4e5, added: Math.floor(Date.now() / 1000), labels: body.changes?.labels ?? [], access: 'own',
      };
      this.#topics.rows.push(row);
      this.#topics.tell('torrents', { rows: [row] });
    }
    this.#end(order, 'done', { done: 1, added: { hash, name, duplicate } });
  }

  #apply(order, rows, body) {
    const patches = [];
    for (const row of rows.filter(Boolean)) {
      const patch = { id: row.id };
      if (order.do === 'stop') Object.assign(patch, { status: 'stopped', rate_down: 0, rate_up: 0 });
      else if (order.do.startsWith('start')) Object.assign(patch, row.left > 0 ? { status: 'downloading', rate_down: 3e5 } : { status: 'seeding' });
      else if (order.do === 'verify') Object.assign(patch, { status: 'checking', checked: 0 });
      else if (order.do === 'rename') patch.name = body.rename.name;
      else if (order.do === 'change') this.#change(row, patch, body.change);
      else if (order.do === 'remove') {
        this.#topics.rows.splice(this.#topics.rows.indexOf(row), 1);
        this.#topics.tell('torrents', { removed: [row.id] });
        continue;
      }
      Object.assign(row, patch);
      patches.push(patch);
    }
    if (patches.length > 0) this.#topics.tell('torrents', { rows: patches });
  }

  #change(row, patch, { labels, want, skip, low, normal, high, add_trackers, remove_trackers, replace_trackers, ...options }) {
    if (labels) patch.labels = labels;
    this.#options.set(row.hash, { ...(this.#options.get(row.hash) ?? OPTIONS), ...options });
    this.#topics.changeDetail(row, (detail) => {
      const each = (list, patch) => list && detail.files.forEach((f) => (list.includes(-1) || list.includes(f.i)) && Object.assign(f, patch));
      each(want, { wanted: true });
      each(skip, { wanted: false });
      each(low, { priority: -1 });
      each(normal, { priority: 0 });
      each(high, { priority: 1 });
      for (const announce of add_trackers ?? []) detail.trackers.push({ announce, tier: detail.trackers.length, state: 'queued', failed: false, result: '', seeders: -1, leechers: -1, next: 0 });
      detail.trackers = detail.trackers.filter((t) => !remove_trackers?.includes(t.announce));
      for (const { old, new: to } of replace_trackers ?? []) detail.trackers.forEach((t) => t.announce === old && (t.announce = to));
      return { files: detail.files, trackers: detail.trackers };
    });
  }

  #tell(order) {
    this.#topics.tell('commands', { commands: [order] });
  }
}
