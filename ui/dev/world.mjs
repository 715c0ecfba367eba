// The invented boxes and torrents of mock.mjs.

import { createHash } from 'node:crypto';

const NAMES = [
  'debian-13.2.0-amd64-DVD-1.iso', 'Sintel (2010) 4K open movie', 'wikipedia_en_all_maxi_2026-10.zim', 'archlinux-2026.11.01-x86_64.iso',
  'Tears of Steel – full source material, EXR sequences and audio stems', 'Internet Archive · Prelinger films 1948–1962',
  'OpenStreetMap planet-261116.osm.pbf', 'Blender open projects: Charge, Sprite Fright, Spring', 'LibriVox – Moby-Dick, or The Whale (unabridged)',
  'NASA Apollo 17 – scans, 70 mm magazines A–R', 'fedora-workstation-43', 'Project Gutenberg 2026 mirror', 'Cosmos Laundromat – first cycle',
  'FreeBSD-15.0-RELEASE-amd64-memstick.img.xz', 'ubuntu-26.04-desktop-amd64.iso', 'Musopen – complete Chopin recordings (FLAC)',
];
const STATES = ['downloading', 'downloading', 'seeding', 'stopped', 'checking', 'downloading', 'download-queued', 'seeding', 'seeding', 'downloading', 'seeding', 'seeding', 'stopped', 'seeding', 'seeding', 'seed-queued'];

// The same names and figures at each start.
let state = 42;
const random = () => {
  state = (state * 1664525 + 1013904223) >>> 0;
  return state / 2 ** 32;
};

export function makeRows(n, boxes) {
  return Array.from({ length: n }, (_, i) => makeRow(i, boxes));
}

function makeRow(i, boxes) {
  const status = i < STATES.length ? STATES[i] : random() < 0.12 ? STATES[i % STATES.length] : 'seeding';
  const size = Math.floor(10 ** (8 + random() * 2.8));
  const whole = status.startsWith('seed') || (status === 'stopped' && i % 2 === 0);
  const left = whole ? 0 : Math.floor(size * (0.2 + random() * 0.7));
  const got = size - left;
  const error = i === 3 ? [3, 'No space left on device (/srv/downloads)'] : i === 8 ? [1, 'Tracker gave a warning: please update your client'] : i === 9 ? [2, 'Tracker gave an error: “torrent not registered with this tracker”'] : [0, ''];
  return {
    box: boxName(i % boxes), hash: createHash('sha1').update(String(i)).digest('hex'),
    name: NAMES[i % NAMES.length] + (i < NAMES.length ? '' : `, part ${Math.floor(i / NAMES.length) + 1}`),
    status, error_kind: error[0], error: error[1], size, left, metadata: 10000, checked: status === 'checking' ? 3712 : 0,
    rate_down: status === 'downloading' ? Math.floor(random() * 6e6) : 0, rate_up: status === 'seeding' && random() < 0.3 ? Math.floor(random() * 8e5) : 0,
    downloaded: got, uploaded: Math.floor(got * random() * 3), peers: status.endsWith('ing') ? Math.floor(random() * 60) : 0,
    peers_sending: 3, peers_getting: 1, web_seeds: 0, added: 1_790_000_000 + i * 977, done: whole ? 1_790_100_000 : 0, queue: i,
    labels: i % 5 === 1 ? ['films'] : i % 7 === 2 ? ['archive', 'keep'] : [],
  };
}

const boxName = (i) => ['reykjavik', 'lisbon', 'tallinn', 'valletta', 'bergen'][i % 5];

/** Moves what moves; returns the changed fields of the changed rows. */
export function step(rows) {
  const changed = [];
  for (const row of rows) {
    const patch = { box: row.box, hash: row.hash };
    if (row.status === 'downloading') {
      patch.rate_down = Math.max(Math.floor(row.rate_down * (0.85 + Math.random() * 0.3)), 50_000);
      patch.left = Math.max(row.left - Math.floor(patch.rate_down * 0.7), 0);
      patch.downloaded = row.downloaded + row.left - patch.left;
      if (patch.left === 0) Object.assign(patch, { status: 'seeding', rate_down: 0 });
    } else if (row.status === 'checking') patch.checked = (row.checked + 90) % 10_000;
    else if (row.rate_up > 0) {
      patch.rate_up = Math.max(Math.floor(row.rate_up * (0.85 + Math.random() * 0.3)), 20_000);
      patch.uploaded = row.uploaded + Math.floor(patch.rate_up * 0.7);
    } else continue;
    Object.assign(row, patch);
    changed.push(patch);
  }
  return changed;
}

export function boxReport(world, i) {
  const first = i === 0;
  const state = first ? world.line : 'up';
  const why = {
    up: {}, starting: { code: 'tor-not-ready', reason: 'Tor is still finding its way into the network (45 %); this takes a minute at most' },
    connecting: { code: 'timeout', reason: 'the box did not answer in time; trying again' },
    down: { code: 'onion-not-found', reason: 'no onion service is found at the address of this box: the box or its Tor is down, or has been for the last minutes; look at offing-agent there' },
  }[state];
  const daemon = first ? world.daemon : 'ok';
  return {
    name: boxName(i), line: { state, since: new Date(world.since).toISOString(), ...(state === 'up' && { rtt_ms: 412 + i * 70 }), ...why },
    daemon: { state: daemon, version: '3.00 (bb6b5a062e)', ...(daemon !== 'ok' && { text: 'Transmission does not answer at 127.0.0.1:9091: is transmission-daemon running?' }) },
    host: { disk_total: 1.9e12, disk_free: 4.12e11, mem_total: 8e9, mem_used: 2e9, cpu: 0.1, net_down: 0, net_up: 0, uptime: 1e6 },
    age_ms: first ? Date.now() - world.freshAt : 300,
  };
}
