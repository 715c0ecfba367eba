// The settings of a box as they stand in a form, and what of them is sent.

import type { Settings } from './api/boxes';
import { parseCount } from './amount';
import { parseRate, parseRatio, rateText, ratioText } from './limits';

type Name = keyof Settings;
/** How a setting is written: rates with their unit, times of day as 08:30, days as the digits of their bits. */
export type SettingKind = 'flag' | 'rate' | 'count' | 'ratio' | 'minutes' | 'port' | 'text' | 'time' | 'days' | 'encryption';

export interface Setting {
  name: Name;
  label: string;
  kind: SettingKind;
  rule?: string;
  /** It counts only while this flag is set, and is shown then. */
  when?: Name;
}

export interface Group {
  id: string;
  title: string;
  lead?: string;
  settings: readonly Setting[];
}

export const GROUPS: readonly Group[] = [
  { id: 'speed', title: 'Speed', settings: [
    { name: 'down_limited', label: 'Limit the download', kind: 'flag' }, { name: 'down_limit', label: 'Download at most', kind: 'rate', when: 'down_limited' },
    { name: 'up_limited', label: 'Limit the upload', kind: 'flag' }, { name: 'up_limit', label: 'Upload at most', kind: 'rate', when: 'up_limited' },
  ] },
  { id: 'alt', title: 'Alternative speeds', lead: 'Other limits for a while: turned on here or by the turtle in the line of the box, or by a plan.', settings: [
    { name: 'alt_speed', label: 'Use them now', kind: 'flag' },
    { name: 'alt_down', label: 'Download at most', kind: 'rate' }, { name: 'alt_up', label: 'Upload at most', kind: 'rate' },
    { name: 'alt_scheduled', label: 'Turn them on and off by a plan', kind: 'flag' },
    { name: 'alt_begin', label: 'From', kind: 'time', when: 'alt_scheduled', rule: 'In the time of the box.' }, { name: 'alt_end', label: 'To', kind: 'time', when: 'alt_scheduled' },
    { name: 'alt_days', label: 'On', kind: 'days', when: 'alt_scheduled' },
  ] },
  { id: 'seeding', title: 'Seeding', lead: 'When a torrent stops to seed, unless it has limits of its own.', settings: [
    { name: 'ratio_limited', label: 'Stop at a ratio', kind: 'flag' }, { name: 'ratio_limit', label: 'Ratio', kind: 'ratio', when: 'ratio_limited' },
    { name: 'idle_limited', label: 'Stop when nobody asks for it', kind: 'flag' }, { name: 'idle_limit', label: 'For so many minutes', kind: 'minutes', when: 'idle_limited' },
  ] },
  { id: 'queue', title: 'Queue', settings: [
    { name: 'down_queue_enabled', label: 'Download only some at a time', kind: 'flag' }, { name: 'down_queue', label: 'Downloads at a time', kind: 'count', when: 'down_queue_enabled' },
    { name: 'seed_queue_enabled', label: 'Seed only some at a time', kind: 'flag' }, { name: 'seed_queue', label: 'Seeds at a time', kind: 'count', when: 'seed_queue_enabled' },
    { name: 'stalled_enabled', label: 'Those that idle do not count', kind: 'flag' }, { name: 'stalled_minutes', label: 'After so many minutes', kind: 'minutes', when: 'stalled_enabled' },
  ] },
  { id: 'peers', title: 'Peers', settings: [
    { name: 'peer_limit', label: 'Peers of all torrents', kind: 'count' }, { name: 'torrent_peer_limit', label: 'Peers of a new torrent', kind: 'count' },
    { name: 'encryption', label: 'Encryption', kind: 'encryption' },
    { name: 'dht', label: 'DHT: find peers without a tracker', kind: 'flag' }, { name: 'pex', label: 'Peer exchange', kind: 'flag' },
    { name: 'lpd', label: 'Find peers in the network of the box', kind: 'flag' }, { name: 'utp', label: 'µTP', kind: 'flag' },
    { name: 'peer_port', label: 'Port', kind: 'port' }, { name: 'random_port', label: 'Another port at each start', kind: 'flag' },
    { name: 'port_forwarding', label: 'Ask the router to forward the port', kind: 'flag' },
  ] },
  { id: 'files', title: 'Folders and files', settings: [
    { name: 'download_dir', label: 'New torrents go to', kind: 'text' },
    { name: 'use_incomplete', label: 'Keep what is not complete elsewhere', kind: 'flag' }, { name: 'incomplete_dir', label: 'In', kind: 'text', when: 'use_incomplete' },
    { name: 'start_added', label: 'Start new torrents', kind: 'flag' }, { name: 'rename_partial', label: 'Names of incomplete files end in “.part”', kind: 'flag' },
    { name: 'delete_torrents', label: 'Remove .torrent files once they were added', kind: 'flag' }, { name: 'cache_mb', label: 'Cache in MB', kind: 'count' },
  ] },
  { id: 'blocklist', title: 'Blocklist', settings: [
    { name: 'blocklist_enabled', label: 'Refuse the addresses of a list', kind: 'flag' }, { name: 'blocklist_url', label: 'Its address', kind: 'text', when: 'blocklist_enabled', rule: 'The box fetches it.' },
  ] },
];

export const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** A form: flags, and everything else as it is written. Without what the box does not tell. */
export type SettingsDraft = Record<string, boolean | string>;

/** The settings that this box tells, in their groups. */
export function groupsOf(now: Partial<Settings>): readonly Group[] {
  return GROUPS.map((g) => ({ ...g, settings: g.settings.filter((s) => now[s.name] !== undefined) })).filter((g) => g.settings.length > 0);
}

export function draftSettings(now: Partial<Settings>): SettingsDraft {
  const draft: SettingsDraft = {};
  for (const { name, kind } of GROUPS.flatMap((g) => g.settings)) {
    const value = now[name];
    if (value !== undefined) draft[name] = typeof value === 'boolean' ? value : write(kind, value);
  }
  return draft;
}

function write(kind: SettingKind, value: number | string): string {
  if (typeof value === 'string') return value;
  if (kind === 'rate') return rateText(value) || '0 kB/s';
  if (kind === 'ratio') return ratioText(value);
  if (kind === 'time') return `${String(Math.floor(value / 60)).padStart(2, '0')}:${String(value % 60).padStart(2, '0')}`;
  return String(value);
}

const SAYS: Partial<Record<SettingKind, string>> = {
  rate: 'Such as 500 kB/s or 2 MB/s.', count: 'A whole number.', minutes: 'Whole minutes.', ratio: 'A number such as 2 or 1.5.', port: 'A number from 1 to 65535.', time: 'A time such as 08:30.',
};

function read(kind: SettingKind, text: string): number | string | null {
  const n = parseCount(text);
  switch (kind) {
    case 'rate':
      return parseRate(text);
    case 'ratio':
      return parseRatio(text);
    case 'count':
    case 'minutes':
    case 'days':
      return text.trim() === '' ? null : n;
    case 'port':
      return n !== null && n > 0 && n < 65_536 ? n : null;
    case 'time': {
      const [, h, m] = /^(\d{1,2}):(\d{2})$/.exec(text.trim()) ?? [];
      const minutes = Number(h) * 60 + Number(m);
      return h !== undefined && Number(m) < 60 && minutes < 1440 ? minutes : null;
    }
    default:
      return text.trim();
  }
}

/** What of the draft is otherwise than what is set, or what is wrong with it. */
export function readSettings(draft: SettingsDraft, now: Partial<Settings>): { change: Partial<Settings> } | { wrong: Record<string, string> } {
  const change: Record<string, boolean | number | string> = {};
  const wrong: Record<string, string> = {};
  for (const { name, kind, when } of GROUPS.flatMap((g) => g.settings)) {
    const is = draft[name];
    if (is === undefined || now[name] === undefined) continue;
    // What does not hold and is not shown is not looked at.
    if (when && draft[when] === false) continue;
    const value = typeof is === 'boolean' ? is : read(kind, is);
    if (value === null) wrong[name] = SAYS[kind] ?? 'This is not understood.';
    else if (value !== now[name]) change[name] = value;
  }
  return Object.keys(wrong).length > 0 ? { wrong } : { change: change as Partial<Settings> };
}
