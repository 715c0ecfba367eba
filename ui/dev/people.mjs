// The people of mock.mjs, and whose the torrents are: sign-in in two steps, an
// account with all that belongs to it, and what administrators do.
// Sign in as "ben" to be asked for a second step; the code is 123456.

import { randomBytes } from 'node:crypto';

const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
const ahead = (hours) => ago(-hours);
const id = () => randomBytes(8).toString('hex');
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0';
const PHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 20_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/20.1 Mobile/15E148 Safari/604.1';

const person = (user, more) => ({
  user, name: user, role: 'user', disabled: false, created: ago(900), seen: ago(2), second_factor: false, sessions: 1, quota: {}, used: { torrents: 0, bytes: 0 }, ...more,
});
const users = [
  person('ada', { name: 'Ada', role: 'admin', second_factor: true, sessions: 3, seen: ago(0), used: { torrents: 14, bytes: 2.1e12 } }),
  person('ben', { second_factor: true, quota: { torrents: 100, bytes: 1e12 }, used: { torrents: 12, bytes: 4.12e11 } }),
  person('carla.mendes-oliveira', { quota: { bytes: 5e11, down: 2e7 }, used: { torrents: 41, bytes: 4.9e11 }, sessions: 2, seen: ago(31) }),
  person('dmitri', { disabled: true, sessions: 0, seen: undefined, quota: undefined, used: undefined }),
];
const sessions = [
  { id: id(), created: ago(300), seen: ago(0), agent: FIREFOX, current: true },
  { id: id(), created: ago(52), seen: ago(5), agent: PHONE },
  { id: id(), created: ago(20), seen: ago(19), agent: 'offing-backup/2.0 (a program with a rather long name that nobody has heard of)' },
];
const tokens = [
  { id: id(), name: 'Backup script', scope: 'read', created: ago(700), used: ago(3), expires: ahead(1500) },
  { id: id(), name: 'Home automation', scope: 'admin', created: ago(60) },
];
const factors = { totp: false, recovery_left: 0, passkeys: [{ id: id(), name: 'Yellow security key', created: ago(2000), used: ago(26) }] };
const invitations = [{ id: id(), role: 'user', created: ago(20), expires: ahead(52) }];
let rules = [{ label: 'films', user: 'ben', access: 'own' }, { box: 'reykjavik', name: '*.iso', user: 'carla.mendes-oliveira', access: 'see' }];
const audit = [
  { at: ago(0.2), actor: 'ada', action: 'quota', object: 'ben' }, { at: ago(3), actor: '', action: 'user add', object: 'dmitri' },
  { at: ago(30), actor: 'ada', action: 'grant own', object: 'reykjavik/3b245504cf5f11bbdbe1201cea6a6bf45aee1bc0 to ben' },
];
const QR = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M0 0h3v3h-3zM5 0h3v3h-3zM0 5h3v3h-3zM4 4h1v1h-1zM6 4h1v2h-1zM4 6h2v1h-2zM7 7h1v1h-1z"/></svg>')}`;
const codes = () => Array.from({ length: 10 }, () => `${randomBytes(3).toString('hex')}-${randomBytes(3).toString('hex')}`);

/** Answers what is about people, given (hash to grants) being what was given away; false for anything else. world.signedIn is the one session, world.user whose it is. */
export function people(world, rows, given, { method, path, body, answer, refuse }) {
  const unowned = () => rows.slice(0, 30).filter((row) => !(given.get(row.hash) ?? []).length === 0).map(({ box, hash, name, size, added }) => ({ box, hash, name, size, added, grants: [] }));
  const wrongPassword = () => body.password === 'wrong' && refuse(403, 'bad-password', 'this is not your password');
  const without = (list, key) => {
    const i = list.findIndex((item) => item.id === key);
    if (i >= 0) list.splice(i, 1);
    return answer(204);
  };
  const enter = (user) => {
    Object.assign(world, { signedIn: true, user });
    return answer(204);
  };
  const simple = {
    'GET features': () => answer(200, { passkeys: true }),
    'GET session': () =>
      world.signedIn ? answer(200, { user: world.user ?? 'ada', name: world.user ?? 'Ada', role: (world.user ?? 'ada') === 'ada' ? 'admin' : 'user', second_factor: true }) : refuse(401, 'signed-out', 'sign in'),
    'POST session': () => {
      if (body.password === 'wrong') return refuse(401, 'bad-credentials', 'the name or the password is wrong');
      if (body.password === 'slow') return refuse(429, 'too-many-attempts', 'Too many attempts. Try again in 12 s.', { 'retry-after': '12' });
      if (body.user === 'ben') return answer(200, { second: { step: 'step', methods: ['totp', 'recovery', 'passkey'] } });
      return enter(body.user || 'ada');
    },
    'POST session/second': () => (body.code === '123456' || body.method === 'recovery' ? enter('ben') : refuse(401, 'bad-code', 'the code is not right; look at the app once more')),
    'POST session/second/passkey': () => answer(200, { options: { challenge: 'AAAA' } }),
    'POST session/passkey': () => answer(200, { step: 'step', options: { challenge: 'AAAA' } }),
    'POST invitations/check': () => (body.token === 'good' ? answer(200, { role: 'user', expires: ahead(50) }) : refuse(403, 'invitation-refused', 'this invitation has been used, has ended, or was revoked')),
    'POST invitations/accept': () => enter(body.user),
    'GET sessions': () => answer(200, { sessions }),
    'DELETE sessions': () => (sessions.splice(1), answer(204)),
    'POST password': () => (body.old === 'wrong' ? refuse(403, 'bad-password', 'the present password is wrong') : (sessions.splice(1), answer(204))),
    'GET factors': () => answer(200, factors),
    'POST factors/totp': () => wrongPassword() || answer(200, { secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP', uri: 'otpauth://totp/Offing:ada?secret=JBSWY3DPEHPK3PXP&issuer=Offing', qr: QR }),
    'POST factors/totp/confirm': () => {
      if (body.code !== '123456') return refuse(400, 'bad-code', 'the code is not right; look at the app once more');
      Object.assign(factors, { totp: true, recovery_left: 10 });
      return answer(200, { recovery_codes: codes() });
    },
    'POST factors/totp/remove': () => wrongPassword() || (Object.assign(factors, { totp: false, recovery_left: 0 }), answer(204)),
    'POST factors/recovery': () => wrongPassword() || ((factors.recovery_left = 10), answer(200, { recovery_codes: codes() })),
    'POST factors/passkeys': () => wrongPassword() || answer(200, { options: { challenge: 'AAAA', rp: { name: 'Offing' }, user: { id: 'AAAA', name: 'ada', displayName: 'Ada' }, pubKeyCredParams: [{ type: 'public-key', alg: -7 }] } }),
    'POST factors/passkeys/finish': () => (factors.passkeys.push({ id: id(), name: body.name, created: ago(0) }), answer(204)),
    'GET tokens': () => answer(200, { tokens }),
    'POST tokens': () => {
      tokens.push({ id: id(), name: body.name, scope: body.scope, created: ago(0), ...(body.days && { expires: ahead(body.days * 24) }) });
      return answer(200, { token: `offing_${randomBytes(32).toString('base64url')}` });
    },
    'GET users': () => answer(200, { users }),
    'POST users': () => {
      if (users.some((u) => u.user === body.user.toLowerCase())) return refuse(409, 'user-exists', 'there is somebody of this name already');
      users.push(person(body.user.toLowerCase(), { name: body.user, role: body.role, sessions: 0, seen: undefined }));
      return answer(204);
    },
    'GET invitations': () => answer(200, { invitations }),
    'POST invitations': () => {
      const token = randomBytes(32).toString('base64url');
      invitations.push({ id: id(), role: body.role, created: ago(0), expires: ahead(body.hours) });
      return answer(200, { link: `http://127.0.0.1:8080/invite#${token}`, token, expires: ahead(body.hours) });
    },
    'GET audit': () => answer(200, { audit }),
    'GET rules': () => answer(200, { rules }),
    'PUT rules': () => ((rules = body.rules), answer(204)),
    'GET owners': () => answer(200, { torrents: unowned() }),
  };
  const one = [
    [/^DELETE sessions\/(.+)$/, (key) => without(sessions, key)],
    [/^DELETE tokens\/(.+)$/, (key) => without(tokens, key)],
    [/^DELETE invitations\/(.+)$/, (key) => without(invitations, key)],
    [/^POST factors\/passkeys\/(.+)\/remove$/, (key) => wrongPassword() || without(factors.passkeys, key)],
    [/^PATCH users\/(.+)$/, (user) => (Object.assign(users.find((u) => u.user === user), body), answer(204))],
    [/^PUT users\/(.+)\/quota$/, (user) => ((users.find((u) => u.user === user).quota = body), answer(204))],
    [/^DELETE users\/([^/]+)$/, (user) => (users.splice(users.findIndex((u) => u.user === user), 1), answer(204))],
    [/^POST users\/(.+)\/password$/, () => answer(204)],
    [/^POST users\/(.+)\/factors\/remove$/, (user) => ((users.find((u) => u.user === user).second_factor = false), answer(204))],
    [/^GET users\/(.+)\/sessions$/, () => answer(200, { sessions: sessions.slice(1) })],
    [/^DELETE users\/(.+)\/sessions$/, () => (sessions.splice(1), answer(204))],
    [/^DELETE users\/(.+)\/sessions\/(.+)$/, (_, key) => without(sessions, key)],
    [/^GET users\/(.+)\/tokens$/, () => answer(200, { tokens: tokens.slice(1) })],
    [/^DELETE users\/(.+)\/tokens\/(.+)$/, (_, key) => without(tokens, key)],
  ];
  const asked = `${method} ${path.replace('/api/v1/', '')}`;
  if (simple[asked]) return simple[asked](), true;
  for (const [shape, act] of one) {
    const match = shape.exec(asked);
    if (match) return act(...match.slice(1)), true;
  }
  return false;
}
