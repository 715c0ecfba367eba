// The topics of mock.mjs: frames as in docs/WEBSOCKET.md, with a short memory for resuming.

import { randomBytes } from 'node:crypto';
import { boxReport, hostReport, makeDetail, makeRows, step, stepDetail, totals } from './world.mjs';

const REMEMBERED = 100; // frames of a topic
const PART = 2000; // rows of a frame

const secret = () => randomBytes(32).toString('base64url');

export class Topics {
  #world;
  rows;
  /** What the topic of the commands tells of. */
  orders = null;
  #epoch = randomBytes(8).toString('hex');
  #tickets = new Set();
  #wires = new Map(); // wire → its topics
  #streams = new Map(); // name → wire
  #rings = new Map(); // topic → { seq, frames }
  #details = new Map();
  #notices = [
    { id: 1, at: new Date(Date.now() - 86_400_000).toISOString(), kind: 'signed-in', text: 'You signed in from a browser that was not seen before.' },
    { id: 2, at: new Date(Date.now() - 3_600_000).toISOString(), kind: 'share', text: 'ben shared “Sintel (2010) 4K open movie” with you.' },
  ];
  /** How many subscriptions were answered with a reset, and how many with what was missed. */
  answered = { resets: {}, resumes: {} };

  constructor(world, rows) {
    this.#world = world;
    this.rows = makeRows(rows, world.boxes, world.role);
  }

  issue() {
    const ticket = secret();
    this.#tickets.add(ticket);
    return ticket;
  }

  /** Lets a wire in; returns the name of its stream, or nothing when its ticket is no good. */
  open(wire, { ticket }) {
    if (!this.#tickets.delete(ticket)) return undefined;
    const stream = secret();
    this.#wires.set(wire, new Set());
    this.#streams.set(stream, wire);
    wire.send(JSON.stringify({ op: 'opened', ticket: this.issue(), expires_in: 600, stream }));
    return stream;
  }

  leave(wire) {
    this.#wires.delete(wire);
  }

  endAll() {
    for (const wire of this.#wires.keys()) {
      wire.send(JSON.stringify({ op: 'error', code: 'session-ended', text: 'this session has ended' }));
      wire.close(4409, 'session-ended');
    }
  }

  dropAll() {
    for (const wire of this.#wires.keys()) wire.drop();
  }

  hearStream({ stream, message }) {
    const wire = this.#streams.get(stream);
    if (!this.#wires.has(wire)) return false;
    this.hear(wire, message);
    return true;
  }

  hear(wire, { op, topic, epoch, seq }) {
    const mine = this.#wires.get(wire);
    if (!mine) return;
    if (op === 'unsubscribe') return mine.delete(topic);
    if (!this.#exists(topic)) return wire.send(JSON.stringify({ t: topic, gone: true }));
    mine.add(topic);
    const ring = this.#ring(topic);
    const missed = epoch === this.#epoch && seq <= ring.seq ? ring.frames.filter((f) => f.s > seq) : null;
    const resumes = missed && missed.length === ring.seq - seq;
    const answers = resumes ? this.answered.resumes : this.answered.resets;
    answers[topic] = (answers[topic] ?? 0) + 1;
    if (!resumes) this.#reset(wire, topic, ring.seq);
    else for (const frame of missed.length ? missed : [{ t: topic, s: seq }]) wire.send(JSON.stringify(frame));
  }

  notify(kind) {
    const text = kind === 'ticket-reused' ? 'A ticket of yours was used twice: somebody may have copied it. All pages of that session were closed; change your password if this was not you.' : `This is a notice of the kind ${kind}.`;
    const notice = { id: this.#notices.length + 1, at: new Date().toISOString(), kind, text };
    this.#notices.push(notice);
    this.tell('notices', { notices: [notice] });
  }

  tellLines() {
    this.tell('line', this.#whole('line'));
  }

  start() {
    setInterval(() => this.#move(), 700);
    setInterval(() => {
      if (this.#world.line !== 'up') return;
      this.tellLines();
      this.tell('host', this.#whole('host'));
      this.tell('totals', this.#whole('totals'));
    }, 2000);
  }

  #move() {
    if (this.#world.line !== 'up' || this.#world.daemon !== 'ok') return;
    this.#world.freshAt = Date.now();
    this.tell('torrents', { rows: step(this.rows) });
    for (const [topic, detail] of this.#details) this.tell(topic, stepDetail(detail));
  }

  /** Changes what is told of an open torrent; change returns the members of a difference. */
  changeDetail(row, change) {
    for (const [topic, detail] of this.#details) if (this.#rowOf(topic) === row) this.tell(topic, change(detail));
  }

  #exists(topic) {
    if (topic.startsWith('torrent/')) return this.#rowOf(topic) !== undefined;
    return ['line', 'torrents', 'totals', 'notices', 'commands'].includes(topic) || (topic === 'host' && this.#world.role === 'admin');
  }

  #rowOf(topic) {
    const [, box, hash] = topic.split('/').map(decodeURIComponent);
    return this.rows.find((row) => row.box === box && row.hash === hash);
  }

  #ring(topic) {
    let ring = this.#rings.get(topic);
    if (!ring) this.#rings.set(topic, (ring = { seq: 1, frames: [] }));
    return ring;
  }

  /** Tells all who want the topic. */
  tell(topic, members) {
    const ring = this.#ring(topic);
    const frame = { t: topic, s: ++ring.seq, ...members };
    ring.frames.push(structuredClone(frame));
    if (ring.frames.length > REMEMBERED) ring.frames.shift();
    const text = JSON.stringify(frame);
    for (const [wire, topics] of this.#wires) if (topics.has(topic)) wire.send(text);
  }

  #reset(wire, topic, s) {
    const send = (members) => wire.send(JSON.stringify({ t: topic, s, ...members }));
    if (topic === 'torrents') {
      for (let i = 0; i === 0 || i < this.rows.length; i += PART) {
        send({ ...(i === 0 && { e: this.#epoch }), ...(i + PART < this.rows.length && { more: true }), rows: this.rows.slice(i, i + PART) });
      }
      return;
    }
    if (!topic.startsWith('torrent/') || this.#details.has(topic)) return send({ e: this.#epoch, ...this.#whole(topic) });
    // The box is asked only now.
    send({ e: this.#epoch, pending: true });
    setTimeout(() => {
      this.#details.set(topic, makeDetail(this.#rowOf(topic), this.#world.files));
      if (this.#wires.get(wire)?.has(topic)) wire.send(JSON.stringify({ t: topic, s: this.#ring(topic).seq, e: this.#epoch, ...this.#whole(topic) }));
    }, 400);
  }

  #whole(topic) {
    const boxes = (report) => Array.from({ length: this.#world.boxes }, (_, i) => report(i));
    switch (topic) {
      case 'line':
        return { boxes: boxes((i) => boxReport(this.#world, i)) };
      case 'host':
        return { boxes: boxes((i) => hostReport(this.rows, i)) };
      case 'totals':
        return totals(this.rows, this.#world.role !== 'admin');
      case 'notices':
        return { notices: this.#notices.slice(-50) };
      case 'commands':
        return { commands: this.orders?.list ?? [] };
      default:
        return this.#details.get(topic);
    }
  }
}
