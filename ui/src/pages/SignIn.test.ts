// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../lib/api';
import { type Answers, eventually, fakeApi, find, type } from '../testing/page';
import SignIn from './SignIn.svelte';

const PENDING = { second: { step: 'step', methods: ['totp', 'recovery', 'passkey'] } };
const CREDENTIAL = { id: 'key' };

let page: ReturnType<typeof mount> | undefined;
const entered = vi.fn(() => Promise.resolve());

function open(answers: Answers) {
  const fake = fakeApi({ 'GET setup': { needed: false }, 'GET features': { passkeys: true }, ...answers });
  page = mount(SignIn, { target: document.body, props: { api: fake.api, why: null, entered } });
  flushSync();
  return fake;
}

function signIn(): void {
  type('[name=user]', ' ada ');
  type('[name=password]', 'a secret');
  find('button[type=submit]').click();
  flushSync();
}

async function second(answers: Answers) {
  const fake = open({ 'POST session': PENDING, ...answers });
  signIn();
  await eventually(() => find('form[data-form=second]'));
  return fake;
}

const shows = (text: string) => eventually(() => expect(document.body.textContent).toContain(text));

function passkeys(get: () => Promise<unknown>): void {
  vi.stubGlobal('PublicKeyCredential', Object.assign(function () {}, { parseRequestOptionsFromJSON: (o: unknown) => o }));
  vi.stubGlobal('navigator', Object.assign(Object.create(navigator) as object, { credentials: { get } }));
}

beforeEach(() => entered.mockClear());
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  if (page) await unmount(page);
});

describe('the password', () => {
  it('is enough without a second step', async () => {
    const { bodies } = open({ 'POST session': null });
    signIn();
    await eventually(() => expect(entered).toHaveBeenCalled());
    expect(bodies('POST session')).toEqual([{ user: 'ada', password: 'a secret' }]);
  });

  it('is forgotten when it was wrong, and the reason is shown', async () => {
    open({ 'POST session': new ApiError(401, 'bad-credentials', 'The name or the password is wrong.') });
    signIn();
    await shows('is wrong');
    expect(find<HTMLInputElement>('[name=password]').value).toBe('');
    expect(entered).not.toHaveBeenCalled();
  });

  it('waits as long as it is told to', async () => {
    vi.useFakeTimers();
    const { bodies } = open({ 'POST session': new ApiError(429, 'too-many-attempts', 'Too many attempts. Try again in 3 s.', 3) });
    signIn();
    await vi.advanceTimersByTimeAsync(0);
    const button = find('button[type=submit]');
    expect(button.textContent).toContain('Try again in 3 s');
    await vi.advanceTimersByTimeAsync(1000);
    expect(button.textContent).toContain('Try again in 2 s');
    signIn();
    expect(bodies('POST session')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(button.textContent).toContain('Sign in');
    signIn();
    expect(bodies('POST session')).toHaveLength(2);
  });
});

describe('the second step', () => {
  it('goes out with the sixth digit, however it was typed', async () => {
    const { bodies } = await second({ 'POST session/second': null });
    type('[name=code]', '123 45');
    expect(bodies('POST session/second')).toEqual([]);
    type('[name=code]', '123 456');
    await eventually(() => expect(entered).toHaveBeenCalled());
    expect(bodies('POST session/second')).toEqual([{ step: 'step', method: 'totp', code: '123456' }]);
  });

  it('can be tried again with another code', async () => {
    const { answers } = await second({ 'POST session/second': new ApiError(401, 'bad-code', 'The code is wrong.') });
    type('[name=code]', '000000');
    await shows('The code is wrong.');
    expect(find<HTMLInputElement>('[name=code]').value).toBe('');
    answers['POST session/second'] = null;
    type('[name=code]', '123456');
    await eventually(() => expect(entered).toHaveBeenCalled());
  });

  it('takes a recovery code', async () => {
    const { bodies } = await second({ 'POST session/second': null });
    find('[data-do=recovery]').click();
    await eventually(() => expect(find('form').dataset.method).toBe('recovery'));
    type('[name=code]', ' abc-def ');
    find('button[type=submit]').click();
    await eventually(() => expect(entered).toHaveBeenCalled());
    expect(bodies('POST session/second')).toEqual([{ step: 'step', method: 'recovery', code: 'abc-def' }]);
  });

  it('begins anew when the step is over', async () => {
    await second({ 'POST session/second': new ApiError(401, 'step-refused', 'Too late.') });
    type('[name=code]', '123456');
    await eventually(() => find('form[data-form=sign-in]'));
    expect(document.body.textContent).toContain('Sign in once more');
    expect(find<HTMLInputElement>('[name=user]').value).toBe(' ada ');
  });

  it('offers no passkey to a browser without', async () => {
    await second({});
    expect(document.querySelector('[data-do=passkey]')).toBeNull();
    expect(document.querySelector('[data-do=recovery]')).not.toBeNull();
  });

  it('takes a passkey', async () => {
    passkeys(() => Promise.resolve({ toJSON: () => CREDENTIAL }));
    const { bodies } = await second({ 'POST session/second/passkey': { options: { challenge: 'AAAA' } }, 'POST session/second': null });
    find('[data-do=passkey]').click();
    await eventually(() => expect(entered).toHaveBeenCalled());
    expect(bodies('POST session/second')).toEqual([{ step: 'step', method: 'passkey', credential: CREDENTIAL }]);
  });
});

describe('a passkey alone', () => {
  const begin = { 'POST session/passkey': { step: 'p', options: { challenge: 'AAAA' } } };

  it('signs in', async () => {
    passkeys(() => Promise.resolve({ toJSON: () => CREDENTIAL }));
    const { bodies } = open({ ...begin, 'POST session/second': null });
    (await eventually(() => find('[data-do=passkey]'))).click();
    await eventually(() => expect(entered).toHaveBeenCalled());
    expect(bodies('POST session/second')).toEqual([{ step: 'p', method: 'passkey', credential: CREDENTIAL }]);
  });

  it('says so when it was cancelled', async () => {
    passkeys(() => Promise.reject(new DOMException('no', 'NotAllowedError')));
    open(begin);
    (await eventually(() => find('[data-do=passkey]'))).click();
    await shows('it was cancelled');
    expect(entered).not.toHaveBeenCalled();
  });

  it('is not offered where the controller takes none', async () => {
    passkeys(() => Promise.reject(new Error('not asked')));
    const { asked } = open({ 'GET features': { passkeys: false } });
    await eventually(() => expect(asked.map((a) => a.what)).toContain('GET features'));
    await Promise.resolve();
    flushSync();
    expect(document.querySelector('[data-do=passkey]')).toBeNull();
  });
});
