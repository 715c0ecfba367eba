// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../lib/api';
import { type Answers, eventually, fakeApi, find, type } from '../testing/page';
import Account from './Account.svelte';

const SESSION = { created: '2026-11-01T00:00:00Z', seen: '2026-11-02T00:00:00Z', agent: '' };
let page: ReturnType<typeof mount> | undefined;

async function open(answers: Answers = {}, role = 'user') {
  const fake = fakeApi({
    'GET features': { passkeys: true },
    'GET sessions': { sessions: [{ ...SESSION, id: 's2' }, { ...SESSION, id: 's1', current: true }] },
    'GET factors': { totp: false, recovery_left: 0, passkeys: [] },
    'GET tokens': { tokens: [{ id: 't1', name: 'script', scope: 'read', created: SESSION.created }] },
    ...answers,
  });
  page = mount(Account, { target: document.body, props: { api: fake.api, who: { user: 'ada', name: 'Ada', role }, ended: vi.fn() } });
  await eventually(() => ['[data-session]', '[data-token]', '[data-do=totp-enrol], [data-totp]'].forEach((s) => find(s)));
  return fake;
}

async function click(selector: string): Promise<void> {
  find(selector).click();
  flushSync();
  await Promise.resolve();
}
const shows = (text: string) => eventually(() => expect(document.body.textContent).toContain(text));
const secrets = (): string[] => [...document.querySelectorAll('[data-secret]')].map((e) => e.textContent);

beforeEach(() => vi.stubGlobal('scrollTo', vi.fn()));
afterEach(async () => {
  vi.unstubAllGlobals();
  if (page) await unmount(page);
});

describe('the password', () => {
  function fill(old: string, password: string, password2: string): Promise<void> {
    for (const [name, value] of Object.entries({ old, password, password2 })) type(`form[data-form=password] [name=${name}]`, value);
    return click('form[data-form=password] button[type=submit]');
  }

  it('is changed, and all its fields are emptied', async () => {
    const { bodies } = await open({ 'POST password': null });
    await fill('the old one', 'a calm sea at night', 'a calm sea at night');
    await shows('is changed');
    expect(bodies('POST password')).toEqual([{ old: 'the old one', new: 'a calm sea at night' }]);
    expect([...document.querySelectorAll<HTMLInputElement>('form[data-form=password] [type=password]')].map((i) => i.value)).toEqual(['', '', '']);
    expect(bodies('GET sessions')).toHaveLength(2);
  });

  it('is not sent with what can be seen to be wrong, and the field says why', async () => {
    const { bodies } = await open();
    await fill('', 'short', 'short');
    expect(bodies('POST password')).toEqual([]);
    const input = find('form[data-form=password] [name=old]');
    expect(input.getAttribute('aria-invalid')).toBe('true');
    expect(document.getElementById(input.getAttribute('aria-describedby')!)?.textContent).toContain('present password');
    expect(document.activeElement).toBe(input);
  });
});

describe('codes', () => {
  it('are set up with the password, the picture and a code, and bring recovery codes once', async () => {
    const { answers, bodies } = await open({
      'POST factors/totp': { secret: 'ABCDEFGHIJ', uri: 'otpauth://totp/x', qr: 'data:image/png;base64,AA' },
      'POST factors/totp/confirm': { recovery_codes: ['one', 'two'] },
    });
    await click('[data-do=totp-enrol]');
    type('.open [name=password]', 'secret');
    await click('[data-do=totp-enrol-yes]');
    await eventually(() => expect(find<HTMLImageElement>('form[data-form=totp] img').src).toBe('data:image/png;base64,AA'));
    expect(secrets()).toEqual(['ABCD EFGH IJ']);
    answers['GET factors'] = { totp: true, recovery_left: 2, passkeys: [] };
    type('form[data-form=totp] [name=code]', '123456');
    await eventually(() => expect(secrets()).toEqual(['one', 'two']));
    expect(bodies('POST factors/totp')).toEqual([{ password: 'secret' }]);
    expect(bodies('POST factors/totp/confirm')).toEqual([{ code: '123456' }]);
    await click('[data-do=kept]');
    expect(secrets()).toEqual([]);
    await shows('2 recovery codes left');
  });

  it('are turned off with the password only', async () => {
    const { bodies } = await open({
      'GET factors': { totp: true, recovery_left: 8, passkeys: [] },
      'POST factors/totp/remove': new ApiError(403, 'wrong-password', 'The password is wrong.'),
    });
    await click('[data-do=totp-remove]');
    await click('[data-do=totp-remove-yes]');
    expect(bodies('POST factors/totp/remove')).toEqual([]);
    await shows('Type your password.');
    type('.open [name=password]', 'guess');
    await click('[data-do=totp-remove-yes]');
    await shows('The password is wrong.');
    expect(find<HTMLInputElement>('.open [name=password]').value).toBe('');
  });
});

describe('sessions', () => {
  it('end after a second click, and not after a cancelled one', async () => {
    const { bodies, answers } = await open({ 'DELETE sessions/s2': null });
    expect(document.querySelector('[data-session=s1] [data-do=session-end]')).toBeNull();
    await click('[data-session=s2] [data-do=session-end]');
    await eventually(() => expect(document.activeElement).toBe(find('[data-do=session-end-yes]')));
    await click('[data-do=session-end-no]');
    await eventually(() => expect(document.activeElement).toBe(find('[data-session=s2] [data-do=session-end]')));
    expect(bodies('DELETE sessions/s2')).toEqual([]);

    await click('[data-session=s2] [data-do=session-end]');
    answers['GET sessions'] = { sessions: [{ ...SESSION, id: 's1', current: true }] };
    await click('[data-do=session-end-yes]');
    await eventually(() => expect(document.querySelector('[data-session=s2]')).toBeNull());
    expect(bodies('DELETE sessions/s2')).toHaveLength(1);
    expect(document.activeElement?.textContent).toBe('Sessions');
  });

  it('stay when the controller says no', async () => {
    await open({ 'DELETE sessions': new ApiError(503, 'busy', 'The controller is busy.') });
    await click('[data-do=sessions-end]');
    await click('[data-do=sessions-end-yes]');
    await shows('The controller is busy.');
    expect(document.querySelectorAll('[data-session]')).toHaveLength(2);
  });
});

describe('tokens', () => {
  it('are shown once', async () => {
    const { bodies } = await open({ 'POST tokens': { token: 'secret-token' } });
    type('form[data-form=token] [name=name]', ' cron ');
    type('form[data-form=token] [name=scope]', 'control');
    type('form[data-form=token] [name=days]', '0');
    await click('form[data-form=token] button[type=submit]');
    await eventually(() => expect(secrets()).toEqual(['secret-token']));
    expect(bodies('POST tokens')).toEqual([{ name: 'cron', scope: 'control' }]);
    await click('[data-do=kept]');
    expect(document.body.innerHTML).not.toContain('secret-token');
  });

  it('of administrators alone can be for everything', async () => {
    await open();
    expect(document.querySelector('option[value=admin]')).toBeNull();
    await unmount(page!);
    await open({}, 'admin');
    expect(document.querySelector('option[value=admin]')).not.toBeNull();
  });
});

it('adds a passkey under a name', async () => {
  vi.stubGlobal('PublicKeyCredential', Object.assign(function () {}, { parseCreationOptionsFromJSON: (o: unknown) => o }));
  const create = vi.fn(() => Promise.resolve({ toJSON: () => ({ id: 'made' }) }));
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator) as object, { credentials: { create } }));
  const { bodies } = await open({ 'POST factors/passkeys': { options: { challenge: 'AAAA' } }, 'POST factors/passkeys/finish': null });
  await eventually(() => find('form[data-form=passkey]'));
  type('form[data-form=passkey] [name=name]', 'Phone');
  type('form[data-form=passkey] [name=password]', 'secret');
  await click('form[data-form=passkey] button[type=submit]');
  await eventually(() => expect(bodies('POST factors/passkeys/finish')).toEqual([{ name: 'Phone', credential: { id: 'made' } }]));
  expect(bodies('POST factors/passkeys')).toEqual([{ password: 'secret' }]);
  expect(create).toHaveBeenCalledWith({ publicKey: { challenge: 'AAAA' } });
});
