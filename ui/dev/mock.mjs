// A stand-in for the controller, to work on the page without one. It serves the
// built page under the controller's policy, signs everybody in, and moves some
// torrents. `npm run dev:mock` starts it behind Vite.
//
//   PORT=8080 ROWS=40 LINE=up|connecting|starting|down DAEMON=ok|unreachable BOXES=1 SETUP=1 node dev/mock.mjs
//
// POST /mock {"line":"down"} changes these while it runs; {"drop":true} breaks all sockets.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { boxReport, makeRows, step } from './world.mjs';

const env = process.env;
const world = {
  line: env.LINE ?? 'up', daemon: env.DAEMON ?? 'ok', boxes: Number(env.BOXES ?? 1),
  setup: env.SETUP === '1', signedIn: env.SIGNED_OUT !== '1', since: Date.now() - 5_400_000, freshAt: Date.now(),
};
const rows = makeRows(Number(env.ROWS ?? 40), world.boxes);
const epoch = randomBytes(8).toString('hex');
const tickets = new Set();
let seq = 1;

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const dist = new URL('../dist/', import.meta.url).pathname;

const server = createServer(async (req, res) => {
  const path = new URL(req.url, 'http://x').pathname;
  const body = await new Promise((done) => {
    let s = '';
    req.on('data', (d) => (s += d)).on('end', () => done(s ? JSON.parse(s) : {}));
  });
  const answer = (status, v) => {
    res.writeHead(status, { 'content-type': 'application/json' });
    res.end(v ? JSON.stringify(v) : undefined);
  };
  const refuse = (status, code, text) => answer(status, { error: { code, text } });
  switch (`${req.method} ${path}`) {
    case 'GET /api/v1/setup':
      return answer(200, { needed: world.setup });
    case 'POST /api/v1/setup':
      if (body.token !== 'good') return refuse(403, 'bad-token', 'this set-up link has been used or is of another start; start the controller again for a new one');
      Object.assign(world, { setup: false, signedIn: true });
      return answer(204);
    case 'GET /api/v1/session':
      return world.signedIn ? answer(200, { user: 'ada', role: 'admin' }) : refuse(401, 'signed-out', 'sign in');
    case 'POST /api/v1/session':
      if (body.password === 'wrong') return refuse(401, 'bad-credentials', 'the user name or the password is not right');
      world.signedIn = true;
      return answer(204);
    case 'DELETE /api/v1/session':
      world.signedIn = false;
      for (const socket of sockets.clients) socket.close(4409, 'session-ended');
      return answer(204);
    case 'POST /api/v1/tickets':
      return world.signedIn ? answer(200, { ticket: issue(), expires_in: 60 }) : refuse(401, 'signed-out', 'sign in');
    case 'POST /mock':
      if (body.line && body.line !== world.line) world.since = Date.now();
      Object.assign(world, body);
      if (body.drop) for (const socket of sockets.clients) socket.terminate();
      tellLines();
      return answer(204);
  }
  const name = normalize(extname(path) ? path : '/index.html');
  const file = await readFile(join(dist, name)).catch(() => null);
  res.writeHead(file ? 200 : 404, {
    'content-type': TYPES[extname(name)] ?? 'text/plain', 'content-security-policy': POLICY, 'cache-control': 'no-store',
  });
  res.end(file ?? 'not found');
});

function issue() {
  const ticket = randomBytes(32).toString('base64url');
  tickets.add(ticket);
  return ticket;
}

const sockets = new WebSocketServer({ server, path: '/api/v1/ws' });
const send = (socket, v) => socket.send(JSON.stringify(v));

sockets.on('connection', (socket) => {
  socket.topics = new Set();
  socket.on('message', (data) => {
    const m = JSON.parse(String(data));
    if (m.op === 'open') {
      if (!tickets.delete(m.ticket)) return socket.close(4401, 'ticket-refused');
      send(socket, { op: 'opened', ticket: issue(), expires_in: 600 });
    } else if (m.op === 'subscribe') {
      socket.topics.add(m.topic);
      if (m.topic === 'line') send(socket, lines());
      else if (m.epoch !== epoch || m.seq !== seq) sendAll(socket);
    }
  });
});

function sendAll(socket) {
  const size = 2000;
  for (let i = 0; i === 0 || i < rows.length; i += size) {
    const more = i + size < rows.length;
    send(socket, { op: 'topic', topic: 'torrents', epoch, seq, reset: true, ...(more && { more }), rows: rows.slice(i, i + size), removed: [] });
  }
}

function lines() {
  const boxes = Array.from({ length: world.boxes }, (_, i) => boxReport(world, i));
  return { op: 'topic', topic: 'line', epoch, seq: 1, reset: true, boxes };
}

const broadcast = (topic, frame) => {
  for (const socket of sockets.clients) if (socket.topics?.has(topic)) send(socket, frame);
};
const tellLines = () => broadcast('line', lines());

setInterval(() => {
  if (world.line !== 'up' || world.daemon !== 'ok') return;
  world.freshAt = Date.now();
  const changed = step(rows);
  seq++;
  broadcast('torrents', { op: 'topic', topic: 'torrents', epoch, seq, rows: changed, removed: [] });
}, 700);
setInterval(() => world.line === 'up' && tellLines(), 2000);

server.listen(Number(env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`mock controller: http://127.0.0.1:${server.address().port}`);
});
