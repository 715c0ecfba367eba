// A stand-in for the controller, to work on the page without one. It serves the
// built page under the controller's policy, signs everybody in, and moves some
// torrents. `npm run dev:mock` starts it behind Vite.
//
//   PORT=8080 ROWS=40 FILES=24 ROLE=admin|user LINE=up|connecting|starting|down DAEMON=ok|unreachable BOXES=1 SETUP=1 node dev/mock.mjs
//
// POST /mock {"line":"down"} changes these while it runs; {"drop":true} breaks all
// connections, {"blocked":true} lets no WebSocket through, {"notice":"ticket-reused"}
// posts one. GET /mock tells what subscriptions were answered with.

import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { Orders } from './orders.mjs';
import { people } from './people.mjs';
import { Topics } from './topics.mjs';

const env = process.env;
const world = {
  line: env.LINE ?? 'up', daemon: env.DAEMON ?? 'ok', boxes: Number(env.BOXES ?? 1), role: env.ROLE ?? 'admin', files: Number(env.FILES ?? 24),
  setup: env.SETUP === '1', signedIn: env.SIGNED_OUT !== '1', blocked: false, since: Date.now() - 5_400_000, freshAt: Date.now(),
};
const topics = new Topics(world, Number(env.ROWS ?? 40));
topics.orders = new Orders(world, topics);
const grants = new Map();

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const dist = new URL('../dist/', import.meta.url).pathname;

const server = createServer(async (req, res) => {
  const url = new URL(req.url, 'http://x');
  const body = await new Promise((done) => {
    let s = '';
    req.on('data', (d) => (s += d)).on('end', () => done(s ? JSON.parse(s) : {}));
  });
  const answer = (status, v, headers) => {
    res.writeHead(status, { 'content-type': 'application/json', ...headers });
    res.end(v ? JSON.stringify(v) : undefined);
  };
  const refuse = (status, code, text, headers) => answer(status, { type: 'about:blank', title: code, status, code, detail: text }, { 'content-type': 'application/problem+json', ...headers });
  const signedOut = () => refuse(401, 'signed-out', 'sign in');
  if (people(world, topics.rows, grants, { method: req.method, path: url.pathname, body, answer, refuse })) return;
  if (url.pathname.startsWith('/api/') && topics.orders.answer({ method: req.method, url, body, answer, refuse })) return;
  switch (`${req.method} ${url.pathname}`) {
    case 'GET /api/v1/setup':
      return answer(200, { needed: world.setup });
    case 'POST /api/v1/setup':
      if (body.token !== 'good') return refuse(403, 'bad-token', 'this set-up link has been used or is of another start; start the controller again for a new one');
      Object.assign(world, { setup: false, signedIn: true });
      return answer(204);
    case 'DELETE /api/v1/session':
      world.signedIn = false;
      topics.endAll();
      return answer(204);
    case 'POST /api/v1/tickets':
      return world.signedIn ? answer(200, { ticket: topics.issue(), expires_in: 60 }) : signedOut();
    case 'POST /api/v1/stream':
      return stream(res, body, refuse);
    case 'POST /api/v1/stream/messages':
      return topics.hearStream(body) ? answer(204) : refuse(404, 'no-stream', 'there is no such stream');
    case 'GET /api/v1/grants':
      return answer(200, { grants: grantsOf(url.searchParams.get('hash')) });
    case 'PUT /api/v1/grants':
      if (body.user === 'nobody') return refuse(404, 'no-user', 'there is no user of this name');
      for (const { hash } of body.torrents) {
        const others = grantsOf(hash).filter((g) => g.user !== body.user);
        grants.set(hash, body.access === 'none' ? others : [...others, { user: body.user, access: body.access }]);
      }
      return answer(200, { changed: body.torrents.length });
    case 'GET /mock':
      return answer(200, topics.answered);
    case 'POST /mock':
      if (body.line && body.line !== world.line) world.since = Date.now();
      Object.assign(world, body);
      if (body.drop) topics.dropAll();
      if (body.notice) topics.notify(body.notice);
      topics.tellLines();
      return answer(204);
  }
  const name = normalize(extname(url.pathname) ? url.pathname : '/index.html');
  const file = await readFile(join(dist, name)).catch(() => null);
  res.writeHead(file ? 200 : 404, {
    'content-type': TYPES[extname(name)] ?? 'text/plain', 'content-security-policy': POLICY, 'cache-control': 'no-store',
  });
  res.end(file ?? 'not found');
});

const grantsOf = (hash) => grants.get(hash) ?? [{ user: 'ada', access: 'own' }, { user: 'ben', access: 'see' }];

/** The way for those whom no WebSocket reaches. */
function stream(res, body, refuse) {
  const wire = {
    send: (frame) => res.write(`data: ${frame}\n\n`),
    close: () => res.end(),
    drop: () => res.destroy(),
  };
  const name = topics.open(wire, body);
  if (!name) return refuse(401, 'ticket-refused', 'this ticket is not good; get another');
  res.on('close', () => topics.leave(wire));
}

const sockets = new WebSocketServer({ noServer: true });
server.on('upgrade', (req, socket, head) => {
  if (world.blocked) return socket.destroy();
  sockets.handleUpgrade(req, socket, head, (ws) => {
    const wire = { send: (frame) => ws.send(frame), close: (code, text) => ws.close(code, text), drop: () => ws.terminate() };
    ws.on('message', (data) => {
      const message = JSON.parse(String(data));
      if (message.op !== 'open') topics.hear(wire, message);
      else if (!topics.open(wire, message)) ws.close(4401, 'ticket-refused');
    });
    ws.on('close', () => topics.leave(wire));
  });
});

topics.start();
server.listen(Number(env.PORT ?? 8080), '127.0.0.1', () => {
  console.log(`mock controller: http://127.0.0.1:${server.address().port}`);
});
