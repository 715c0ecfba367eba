// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import App from './App.svelte';
import { ApiError } from './lib/api';
import { type Answers, eventually, fakeApi, find, type } from './testing/page';

const OUT = new ApiError(401, 'signed-out', 'Sign in.');
const ADA = { user: 'ada', name: 'Ada', role: 'admin' };
const BEN = { user: 'ben', name: 'ben', role: 'user' };
const ACCOUNT: Answers = { 'GET sessions': { sessions: [] }, 'GET factors': { totp: false, recovery_left: 0, passkeys: [] }, 'GET tokens': { tokens: [] } };

let app: ReturnType<typeof mount> | undefined;

function open(path: string, answers: Answers = {}) {
  history.replaceState(null, '', path);
  const fake = fakeApi({ 'GET setup': { needed: true }, 'GET session': OUT, ...answers });
  app = mount(App, { target: document.body, props: { api: fake.api } });
  flushSync();
  return fake;
}

const seen = (selector: string) => eventually(() => find(selector));
const click = (selector: string): void => {
  find(selector).click();
  flushSync();
};
const submit = (): void => click('button[type=submit]');

beforeEach(() => vi.stubGlobal('scrollTo', vi.fn()));
afterEach(async () => {
  if (app) await unmount(app);
  vi.unstubAllGlobals();
});

describe('the first start', () => {
  const password = 'a calm sea at night';

  function fill(second = password): void {
    type('[name=user]', ' ada ');
    type('[name=password]', password);
    type('[name=password2]', second);
    submit();
  }

  it('takes the token out of the address before anything else', () => {
    open('/setup#tok%2Fen');
    expect(location.href).toBe('http://localhost:3000/setup');
  });

  it('makes the account with it', async () => {
    const { bodies } = open('/setup#tok%2Fen', { 'POST setup': null });
    fill();
    expect(bodies('POST setup')).toEqual([{ token: 'tok/en', user: 'ada', password }]);
    await eventually(() => expect(location.pathname).toBe('/'));
  });

  it('asks for two passwords that are the same', () => {
    const { bodies } = open('/setup#token');
    fill('another one');
    expect(bodies('POST setup')).toEqual([]);
    expect(find('[role=alert]').textContent).toBe('This is not the same password.');
  });

  it('says what to do without a token', () => {
    open('/setup');
    expect(document.querySelector('input')).toBeNull();
    expect(document.body.textContent).toContain('Open the whole link');
  });
});

describe('an invitation', () => {
  const good = { 'POST invitations/check': { role: 'user', expires: '2100-01-01T00:00:00Z' } };

  it('leaves the address at once, and is accepted', async () => {
    const { bodies } = open('/below/invite#a%2Ftoken', { ...good, 'POST invitations/accept': null });
    expect(location.href).toBe('http://localhost:3000/below/invite');
    await seen('[data-page=invite] form');
    type('[name=user]', 'ben');
    type('[name=password]', 'a calm sea at night');
    type('[name=password2]', 'a calm sea at night');
    submit();
    await eventually(() => expect(location.pathname).toBe('/below/'));
    expect(bodies('POST invitations/accept')).toEqual([{ token: 'a/token', user: 'ben', password: 'a calm sea at night' }]);
  });

  it('is taken from a link that is opened in the same tab', async () => {
    const { bodies } = open('/invite', good);
    expect(document.body.textContent).toContain('Open the whole link');
    location.hash = '#second';
    await seen('form');
    expect(bodies('POST invitations/check')).toEqual([{ token: 'second' }]);
    expect(location.hash).toBe('');
  });

  it('says when it is no longer good, and when that is not known', async () => {
    const { answers } = open('/invite#token', { 'POST invitations/check': new ApiError(0, 'unreachable', 'The controller does not answer.') });
    await eventually(() => expect(document.body.textContent).toContain('could not be checked'));
    answers['POST invitations/check'] = new ApiError(403, 'invite-refused', 'It was used.');
    submit();
    await eventually(() => expect(document.body.textContent).toContain('no longer good'));
  });
});

describe('the page of a box', () => {
  it('is in the fragment, sends what was changed, and says what came of it', async () => {
    const done = { id: '1', box: 'north sea', do: 'configure', state: 'done' };
    const { bodies } = open('/#box/north%20sea', {
      'GET session': ADA, 'GET boxes/north%20sea/settings': { down_limited: true, down_limit: 500_000, dht: true },
      'PATCH boxes/north%20sea/settings?wait=10': { commands: [done] },
    });
    await seen('form[data-form=settings]');
    expect(find('h1').textContent).toBe('Settings of north sea');
    type('[name=down_limit]', '2 MB/s');
    submit();
    await eventually(() => expect(document.body.textContent).toContain('Saved.'));
    expect(bodies('PATCH boxes/north%20sea/settings?wait=10')).toEqual([{ down_limit: 2_000_000 }]);
  });

  it('is for administrators', async () => {
    const { asked } = open('/#box/north', { 'GET session': BEN });
    await seen('[data-page=box]');
    expect(document.body.textContent).toContain('for administrators');
    expect(asked.map((a) => a.what)).toEqual(['GET session']);
  });
});

describe('the pages', () => {
  it('are shown by their address, below any path, and go back and forward', async () => {
    open('/below/account', { ...ACCOUNT, 'GET session': ADA, 'GET users': { users: [] } });
    await seen('[data-page=account]');
    click('nav a[href=people]');
    expect(location.pathname).toBe('/below/people');
    expect(document.querySelector('[data-page=people]')).not.toBeNull();
    history.back();
    await seen('[data-page=account]');
    expect(location.pathname).toBe('/below/account');
  });

  it('leave to the browser what is not a plain click', async () => {
    open('/account', { ...ACCOUNT, 'GET session': ADA });
    await seen('[data-page=account]');
    const click = new MouseEvent('click', { bubbles: true, cancelable: true, ctrlKey: true });
    document.addEventListener('click', (e) => e.preventDefault(), { once: true }); // jsdom does not navigate
    find('nav a[href=people]').dispatchEvent(click);
    expect(location.pathname).toBe('/account');
  });

  it('show no people to who is no administrator', async () => {
    const { asked } = open('/people', { ...ACCOUNT, 'GET session': BEN });
    await seen('[data-page=people]');
    expect(document.body.textContent).toContain('for administrators');
    expect(document.querySelector('a[href=people]')).toBeNull();
    expect(asked.map((a) => a.what)).toEqual(['GET session']);
  });

  it('end with the session, and come back after the next sign-in', async () => {
    const { answers } = open('/account', { ...ACCOUNT, 'GET session': BEN, 'GET factors': OUT, 'POST session': null });
    await seen('[data-page=sign-in] form');
    expect(document.body.textContent).toContain('Your session has ended');
    answers['GET factors'] = ACCOUNT['GET factors'];
    type('[name=user]', 'ben');
    type('[name=password]', 'right');
    submit();
    await seen('[data-page=account]');
  });

  it('are left when signing out', async () => {
    open('/account', { ...ACCOUNT, 'GET session': BEN, 'DELETE session': null });
    await seen('[data-page=account]');
    click('[data-do=user-menu]');
    click('[data-sign-out]');
    await seen('[data-page=sign-in]');
    expect(location.pathname).toBe('/');
  });
});
