// What the topics "line" and "host" tell of the boxes.

import { bag, type Bag, bags, number, text } from './read';

export type LineState = 'starting' | 'connecting' | 'up' | 'down';

export interface BoxReport {
  name: string;
  line: { state: LineState; since: string; code: string; reason: string; rtt_ms: number };
  daemon: { state: string; text: string; version: string };
  age_ms: number; // -1: never known
}

/** The machine that a box is; for administrators. */
export interface HostReport {
  name: string;
  host: {
    disk_total: number; // bytes
    disk_free: number;
    mem_total: number;
    mem_used: number;
    cpu: number; // 0 to 1
    net_down: number; // bytes a second
    net_up: number;
    uptime: number; // seconds
  };
}

const LINE_STATES: readonly unknown[] = ['starting', 'connecting', 'up', 'down'] satisfies LineState[];

export function readLines(v: unknown): BoxReport[] {
  return named(v).map((b) => {
    const line = bag(b.line), daemon = bag(b.daemon);
    return {
      name: text(b.name),
      line: {
        // A state that this page does not know is not one to trust.
        state: LINE_STATES.includes(line.state) ? (line.state as LineState) : 'down',
        since: text(line.since), code: text(line.code), reason: text(line.reason), rtt_ms: number(line.rtt_ms),
      },
      daemon: { state: text(daemon.state), text: text(daemon.text), version: text(daemon.version) },
      age_ms: number(b.age_ms, -1),
    };
  });
}

export function readHosts(v: unknown): HostReport[] {
  return named(v).map((b) => {
    const h = bag(b.host);
    return {
      name: text(b.name),
      host: {
        disk_total: number(h.disk_total), disk_free: number(h.disk_free), mem_total: number(h.mem_total), mem_used: number(h.mem_used),
        cpu: number(h.cpu), net_down: number(h.net_down), net_up: number(h.net_up), uptime: number(h.uptime),
      },
    };
  });
}

const named = (v: unknown): readonly Bag[] => bags(v).filter((b) => typeof b.name === 'string');

/** The reports with their ages as they are ms later. */
export function aged(boxes: readonly BoxReport[], ms: number): BoxReport[] {
  return boxes.map((b) => (b.age_ms < 0 ? b : { ...b, age_ms: b.age_ms + ms }));
}
