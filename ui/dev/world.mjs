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

export function makeRows(n, boxes, role) {
  return Array.from({ length: n }, (_, i) => ({ ...makeRow(i, boxes), ...whose(i, role) }));
}

/** Administrators see whose a torrent is; others what they may do with it. */
function whose(i, role) {
  if (role !== 'admin') return { access: i % 4 === 1 ? 'see' : i % 6 === 2 ? 'act' : 'own' };
  return { access: 'own', owners: i % 7 === 4 ? [] : i % 5 === 0 ? ['ada', 'ben'] : [['ada', 'ben', 'cleo'][i % 3]] };
}

function makeRow(i, boxes) {
  const status = i < STATES.length ? STATES[i] : random() < 0.12 ? STATES[i % STATES.length] : 'seeding';
  const size = Math.floor(10 ** (8 + random() * 2.8));
  const whole = status.startsWith('seed') || (status === 'stopped' && i % 2 === 0);
  const left = whole ? 0 : Math.floor(size * (0.2 + random() * 0.7));
  const got = size - left;
  const error = i === 3 ? [3, 'No space left on device (/srv/downloads)'] : i === 8 ? [1, 'Tracker gave a warning: please update your client'] : i === 9 ? [2, 'Tracker gave an error: “torrent not registered with this tracker”'] : [0, ''];
  return {
    id: i + 1, box: boxName(i % boxes), hash: createHash('sha1').update(String(i)).digest('hex'),
    name: NAMES[i % NAMES.length] + (i < NAMES.length ? '' : `, part ${Math.floor(i / NAMES.length) + 1}`),
    status, error_kind: error[0], error: error[1], size, left, metadata: i === 5 ? 2500 : 10000, checked: status === 'checking' ? 3712 : 0,
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
    const patch = { id: row.id };
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
    age_ms: first ? Date.now() - world.freshAt : 300,
  };
}

export function hostReport(rows, i) {
  const mine = rows.filter((row) => row.box === boxName(i));
  const sum = (name) => mine.reduce((n, row) => n + row[name], 0);
  return {
    name: boxName(i),
    host: { disk_total: 1.9e12, disk_free: 4.12e11, mem_total: 8e9, mem_used: 2.1e9, cpu: 0.08 + Math.random() * 0.1, net_down: sum('rate_down'), net_up: sum('rate_up'), uptime: 1e6 },
  };
}

export function totals(rows, quota) {
  const sum = (name) => rows.reduce((n, row) => n + row[name], 0);
  const status = {};
  for (const row of rows) status[row.status] = (status[row.status] ?? 0) + 1;
  return {
    torrents: rows.length, down: sum('rate_down'), up: sum('rate_up'), size: sum('size'), left: sum('left'), status,
    errors: rows.filter((row) => row.error_kind > 0).length,
    ...(quota && { quota: { torrents: 100, bytes: 4e12 }, used: { torrents: rows.length, bytes: sum('size') - sum('left') } }),
  };
}

/** What a torrent's topic has: whole, of as many files as asked for. */
export function makeDetail(row, many) {
  if (row.metadata < 10_000) return { info: makeInfo(row), files: [], peers: makePeers(3), trackers: makeTrackers(), pieces: { count: 0, size: 0, have: '' }, age_ms: 200 };
  const files = Array.from({ length: many }, (_, i) => {
    const size = Math.floor(row.size / many);
    return { i, name: `${row.name}/${['disc 1', 'disc 2', 'extras/scans'][i % 3]}/${String(i + 1).padStart(2, '0')} – ${['opening', 'the long middle part', 'credits'][i % 3]}.mkv`, size, have: row.left === 0 ? size : Math.floor(size * ((i * 37) % 100) / 100), wanted: i % 6 !== 5, priority: i === 1 ? 1 : 0 };
  });
  return { info: makeInfo(row), files, peers: row.peers > 0 ? makePeers(Math.min(row.peers, 24)) : [], trackers: makeTrackers(), pieces: makePieces(row), age_ms: 300 };
}

function makeInfo(row) {
  return {
    comment: 'Made from the originals; see the notes in the folder.', creator: 'mktorrent 1.1', created: 1_780_000_000, dir: '/srv/downloads', private: row.id % 4 === 0,
    have: row.size - row.left, unchecked: row.left > 0 ? 3_100_000 : 0, wasted: row.id % 3 === 0 ? 524_288 : 0, seeding: row.left === 0 ? 940_000 : 0, downloading: 7300, active: Math.floor(Date.now() / 1000) - 20,
  };
}

function makePeers(n) {
  return Array.from({ length: n }, (_, i) => ({
    addr: i % 5 === 3 ? `[2001:db8::${i}]:51413` : `203.0.113.${i + 10}:${6881 + i}`, client: ['Transmission 4.0.6', 'qBittorrent 5.0.3', 'libtorrent 2.0.10', 'Deluge 2.1.1'][i % 4],
    progress: (i * 1731) % 10_001, down: i % 3 === 0 ? 120_000 * (i + 1) : 0, up: i % 4 === 1 ? 30_000 * (i + 1) : 0, flags: 'DEI', incoming: i % 3 === 1, encrypted: i % 2 === 0, utp: i % 4 === 0,
  }));
}

function makeTrackers() {
  const next = Math.floor(Date.now() / 1000) + 1260;
  return [
    { announce: 'udp://tracker.example.org:6969/announce', tier: 0, state: 'waiting', failed: false, result: 'Success', seeders: 412, leechers: 37, next },
    { announce: 'https://backup.example.net/5f1c0a9b/announce', tier: 1, state: 'waiting', failed: true, result: 'Could not connect to tracker', seeders: -1, leechers: -1, next: next + 600 },
  ];
}

function makePieces(row) {
  const size = 4 << 20;
  const count = Math.ceil(row.size / size);
  const part = (row.size - row.left) / row.size;
  const have = Buffer.alloc(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) {
    // What is here stands in patches, as it does.
    const patch = (Math.sin(i / 19) + Math.sin(i / 7.3 + 2) + 2) / 4;
    if (part === 1 || patch < part) have[i >> 3] |= 0x80 >> (i & 7);
  }
  return { count, size, have: have.toString('base64') };
}

/** What of an open torrent moves; returns the members of a difference. */
export function stepDetail(detail) {
  const peers = detail.peers.filter((p) => p.down + p.up > 0).map((p) => Object.assign(p, {
    down: Math.floor(p.down * (0.85 + Math.random() * 0.3)), up: Math.floor(p.up * (0.85 + Math.random() * 0.3)),
  }));
  const file = detail.files.find((f) => f.wanted && f.have < f.size);
  if (file) file.have = Math.min(file.have + Math.ceil(file.size / 200), file.size);
  return { peers, ...(file && { files: [file] }), age_ms: 200 };
}
