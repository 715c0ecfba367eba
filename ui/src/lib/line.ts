// What is said of a line, in words.

import { sentence } from './api';
import type { Freshness } from './boxes.svelte';
import { since, span } from './format';
import type { BoxReport } from './live/boxes';

export type Tone = 'good' | 'warn' | 'bad' | 'unknown';

/** How well a line does, with the age of what it brings. Without the controller (told is false) nobody knows. */
export function toneOf(report: BoxReport, freshness: Freshness, told: boolean): Tone {
  if (!told) return 'unknown';
  switch (report.line.state) {
    case 'up':
      // Old figures are then the daemon's fault, which is told on its own.
      if (daemonTrouble(report.daemon)) return 'good';
      return freshness === 'stale' ? 'bad' : freshness === 'late' ? 'warn' : 'good';
    case 'down':
      return 'bad';
    default:
      return freshness === 'stale' && report.age_ms >= 0 ? 'bad' : 'warn';
  }
}

export function headline(line: BoxReport['line'], told: boolean, today = new Date()): string {
  if (!told) return line.state === 'up' ? 'Was connected when last heard of' : 'Was not connected when last heard of';
  const from = since(line.since, today);
  switch (line.state) {
    case 'up':
      return from ? `Connected since ${from}` : 'Connected';
    case 'connecting':
      return 'Connecting through Tor …';
    case 'starting':
      return 'Starting Tor …';
    case 'down':
      return from ? `No connection since ${from}` : 'No connection';
  }
}

/** Why the line is not up, and what to do; empty when it is. */
export function reasonOf(line: BoxReport['line']): string {
  return line.state === 'up' ? '' : sentence(line.reason);
}

/** What is wrong with the torrent daemon; empty when nothing is. */
export function daemonTrouble(daemon: BoxReport['daemon']): string {
  if (daemon.state === 'ok' || daemon.state === 'unknown' || daemon.state === '') return '';
  return sentence(daemon.text || `the torrent daemon is ${daemon.state}`);
}

/** The age of the figures; ages of a second or two are one round trip, not news. */
export function ageText(ageMS: number): string {
  if (ageMS < 0) return 'no figures yet';
  return `figures ${span(ageMS / 1000)} old`;
}
