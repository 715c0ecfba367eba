// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import App from './App.svelte';
import { Api, ApiError } from './lib/api';

let app: ReturnType<typeof mount> | undefined;

class FakeApi extends Api {
  override setupNeeded = vi.fn(() => Promise.resolve(true));
  override setUp = vi.fn(() => Promise.resolve());
  override signIn = vi.fn<(user: string, password: string) => Promise<void>>();
  override whoAmI = vi.fn(() => Promise.resolve(null));
}

function open(path: string): FakeApi {
  history.replaceState(null, '', path);
  const api = new FakeApi('http://localhost/api/v1/');
  app = mount(App, { target: document.body, props: { api } });
  flushSync();
  return api;
}

function fill(answers: Record<string, string>): void {
  for (const [name, value] of Object.entries(answers)) {
    const input = document.querySelector<HTMLInputElement>(`input[name="${name}"]`)!;
    input.value = value;
    input.dispatchEvent(new Event('input', { bubbles: true }));
  }
  document.querySelector<HTMLButtonElement>('button[type=submit]')!.click();
  flushSync();
}

afterEach(async () => {
  if (app) await unmount(app);
});

describe('the first start', () => {
  const password = 'a calm sea at night';

  it('takes the token out of the address before anything else', () => {
    open('/setup#tok%2Fen');
    expect(location.href).toBe('http://localhost:3000/setup');
  });

  it('makes the account with it', async () => {
    const api = open('/setup#token');
    fill({ user: ' ada ', password, password2: password });
    expect(api.setUp).toHaveBeenCalledWith('token', 'ada', password);
    await vi.waitFor(() => expect(location.pathname).toBe('/'));
  });

  it('asks for two passwords that are the same', () => {
    const api = open('/setup#token');
    fill({ user: 'ada', password, password2: 'another one' });
    expect(api.setUp).not.toHaveBeenCalled();
    expect(document.querySelector('[role=alert]')?.textContent).toBe('This is not the same password.');
  });

  it('says what to do without a token', () => {
    open('/setup');
    expect(document.querySelector('input')).toBeNull();
    expect(document.body.textContent).toContain('Open the whole link');
  });
});

describe('the sign-in', () => {
  it('shows what the controller has against it, and forgets the password', async () => {
    const api = open('/');
    api.signIn.mockRejectedValue(new ApiError(401, 'bad-credentials', 'The user name or the password is not right.'));
    await vi.waitFor(() => expect(document.querySelector('input[name=user]')).not.toBeNull());
    fill({ user: 'ada', password: 'wrong' });
    await vi.waitFor(() => expect(document.body.textContent).toContain('is not right'));
    expect(document.querySelector<HTMLInputElement>('input[name=password]')!.value).toBe('');
  });
});
