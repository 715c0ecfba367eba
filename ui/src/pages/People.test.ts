// @vitest-environment jsdom

import { flushSync, mount, unmount } from 'svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from '../lib/api';
import { type Answers, eventually, fakeApi, find, type } from '../testing/page';
import People from './People.svelte';

const ADA = { user: 'ada', role: 'admin', created: '2026-11-01T00:00:00Z' }; // an answer without quota and use
const BEN = {
  user: 'ben', name: 'Ben', role: 'user', disabled: false, created: '2026-11-01T00:00:00Z', second_factor: true, sessions: 1,
  quota: { bytes: 1e12 }, used: { torrents: 3, bytes: 5e11 },
};
const torrent = (n: number) => ({ box: 'north', hash: String(n).repeat(40), name: `torrent ${n}`, size: 1000, added: 1 });
let page: ReturnType<typeof mount> | undefined;

async function open(answers: Answers = {}) {
  const fake = fakeApi({
    'GET users': { users: [ADA, BEN] }, 'GET invitations': { invitations: [] }, 'GET rules': { rules: [] }, 'GET audit?n=100': { audit: [] },
    'GET owners?unowned=true': { torrents: [torrent(1), torrent(2), torrent(3)] },
    'GET users/ben/sessions': { sessions: [] }, 'GET users/ben/tokens': { tokens: [] }, ...answers,
  });
  page = mount(People, { target: document.body, props: { api: fake.api, who: { user: 'ada', name: 'Ada', role: 'admin' }, ended: vi.fn() } });
  await eventually(() => ['[data-person=ben]', 'form[data-form=rules]'].forEach((s) => find(s)));
  return fake;
}

async function click(selector: string): Promise<void> {
  find(selector).click();
  flushSync();
  await Promise.resolve();
}
const submit = (form: string) => click(`form[data-form=${form}] button[type=submit]`);
const shows = (text: string) => eventually(() => expect(document.body.textContent).toContain(text));

afterEach(async () => {
  if (page) await unmount(page);
});

describe('a person', () => {
  it('is removed after the name was typed, and not before', async () => {
    const { bodies, answers } = await open({ 'DELETE users/ben': null });
    await click('[data-person=ben] [data-do=manage]');
    await click('[data-do=remove]');
    await click('[data-do=remove-yes]');
    type('.open [name=word]', 'be');
    await click('[data-do=remove-yes]');
    expect(bodies('DELETE users/ben')).toEqual([]);
    answers['GET users'] = { users: [ADA] };
    type('.open [name=word]', 'ben');
    await click('[data-do=remove-yes]');
    await eventually(() => expect(document.querySelector('[data-person=ben]')).toBeNull());
    expect(bodies('DELETE users/ben')).toHaveLength(1);
  });

  it('is disabled after a second click', async () => {
    const { bodies, answers } = await open({ 'PATCH users/ben': null });
    await click('[data-person=ben] [data-do=manage]');
    await click('[data-do=disable]');
    expect(bodies('PATCH users/ben')).toEqual([]);
    answers['GET users'] = { users: [ADA, { ...BEN, disabled: true }] };
    await click('[data-do=disable-yes]');
    await eventually(() => find('[data-do=enable]'));
    expect(bodies('PATCH users/ben')).toEqual([{ disabled: true }]);
  });

  it('keeps a role that the controller does not give up', async () => {
    await open({ 'PATCH users/ben': new ApiError(409, 'last-admin', 'This is the last administrator.') });
    await click('[data-person=ben] [data-do=manage]');
    await click('[data-do=role]');
    await click('[data-do=role-yes]');
    await shows('This is the last administrator.');
  });

  it('gets limits as they are written', async () => {
    const { bodies } = await open({ 'PUT users/ben/quota': null });
    await click('[data-person=ben] [data-do=manage]');
    expect(find<HTMLInputElement>('form[data-form=quota] [name=bytes]').value).toBe('1 TB');
    type('form[data-form=quota] [name=down]', 'quick');
    await submit('quota');
    expect(bodies('PUT users/ben/quota')).toEqual([]);
    type('form[data-form=quota] [name=down]', '20 MB/s');
    type('form[data-form=quota] [name=torrents]', '100');
    await submit('quota');
    await shows('Saved.');
    expect(bodies('PUT users/ben/quota')).toEqual([{ torrents: 100, bytes: 1e12, down: 2e7, up: 0 }]);
  });

  it('cannot lock themselves out', async () => {
    await open();
    await click('[data-person=ada] [data-do=manage]');
    for (const action of ['role', 'disable', 'remove']) expect(document.querySelector(`[data-person=ada] [data-do=${action}]`)).toBeNull();
  });
});

describe('new people', () => {
  it('are added with a password', async () => {
    const { bodies } = await open({ 'POST users': null });
    type('form[data-form=person] [name=user]', ' eva ');
    type('form[data-form=person] [name=password]', 'a calm sea at night');
    type('form[data-form=person] [name=role]', 'admin');
    await submit('person');
    await shows('eva can sign in now.');
    expect(bodies('POST users')).toEqual([{ user: 'eva', role: 'admin', password: 'a calm sea at night' }]);
    expect(bodies('GET users')).toHaveLength(2);
  });

  it('are invited by a link that is shown once', async () => {
    const { bodies } = await open({ 'POST invitations': { link: 'http://x/invite#t', token: 't', expires: '2100-01-01T00:00:00Z' } });
    await submit('invite');
    await eventually(() => expect(find('[data-secret]').textContent).toBe('http://x/invite#t'));
    expect(bodies('POST invitations')).toEqual([{ role: 'user', hours: 72 }]);
  });
});

it('gives away the torrents that are ticked', async () => {
  const { bodies, answers } = await open({ 'PUT grants': { changed: 2 } });
  await submit('give');
  await shows('Tick the torrents first.');
  await click(`[data-torrent="${torrent(1).hash}"] input`);
  await click(`[data-torrent="${torrent(3).hash}"] input`);
  type('form[data-form=give] [name=user]', 'ben');
  answers['GET owners?unowned=true'] = { torrents: [torrent(2)] };
  await submit('give');
  await shows('2 torrents belong to ben now.');
  expect(bodies('PUT grants')).toEqual([
    { torrents: [1, 3].map((n) => ({ box: 'north', hash: torrent(n).hash })), user: 'ben', access: 'own' },
  ]);
  expect(document.querySelectorAll('[data-torrent]')).toHaveLength(1);
});

it('ticks of all only what was found', async () => {
  const { bodies } = await open({ 'PUT grants': { changed: 1 } });
  type('form[data-form=give] [type=search]', 'TORRENT 2');
  flushSync();
  await click('[data-do=choose-all]');
  type('form[data-form=give] [name=user]', 'ben');
  await submit('give');
  expect(bodies('PUT grants')).toMatchObject([{ torrents: [{ hash: torrent(2).hash }] }]);
});

describe('rules', () => {
  it('are saved as a whole, without what is empty', async () => {
    const { bodies } = await open({ 'GET rules': { rules: [{ label: 'films', user: 'ben', access: 'own' }] }, 'PUT rules': null });
    await click('[data-do=rule-add]');
    await submit('rules');
    await shows('Choose a person for rule 2.');
    type('[data-rule="2"] [name=name]', '*.iso');
    type('[data-rule="2"] [name=user]', 'ada');
    type('[data-rule="2"] [name=access]', 'see');
    await submit('rules');
    await shows('Saved, and applied');
    expect(bodies('PUT rules')).toEqual([{ rules: [{ label: 'films', user: 'ben', access: 'own' }, { name: '*.iso', user: 'ada', access: 'see' }] }]);
  });

  it('can be removed, and still name who is no longer there', async () => {
    const { bodies } = await open({
      'GET rules': { rules: [{ label: 'a', user: 'gone', access: 'own' }, { label: 'b', user: 'ben', access: 'act' }] }, 'PUT rules': null,
    });
    expect(find<HTMLSelectElement>('[data-rule="1"] [name=user]').value).toBe('gone');
    await click('[data-rule="1"] [data-do=rule-remove]');
    await submit('rules');
    expect(bodies('PUT rules')).toEqual([{ rules: [{ label: 'b', user: 'ben', access: 'act' }] }]);
  });
});

it('says what cannot be loaded, and tries again', async () => {
  const { answers } = await open({ 'GET audit?n=100': new ApiError(503, 'busy', 'The controller is busy.') });
  await shows('The controller is busy.');
  answers['GET audit?n=100'] = { audit: [{ at: '2026-11-01T00:00:00Z', actor: '', action: 'user add', object: 'ben' }] };
  await click('[data-do=retry]');
  await shows('command line');
});
