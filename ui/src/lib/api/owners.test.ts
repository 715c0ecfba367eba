import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { http } from './call';
import { OwnersApi } from './owners';

const ask = vi.fn<(url: URL, init: RequestInit) => Promise<Response>>();
const owners = new OwnersApi(http('http://home/x/api/v1/'));
beforeEach(() => void vi.stubGlobal('fetch', ask.mockReset()));
afterEach(() => void vi.unstubAllGlobals());
const answer = (status: number, v: unknown): void => void ask.mockResolvedValue(new Response(JSON.stringify(v), { status }));

it('reads who may see a torrent, and nothing that it does not understand', async () => {
  answer(200, { grants: [{ user: 'ben', access: 'see' }, { user: 'x', access: 'everything' }, null] });
  expect(await owners.grants('a b', 'h')).toEqual([{ user: 'ben', access: 'see' }]);
  expect(String(ask.mock.calls[0]![0])).toBe('http://home/x/api/v1/grants?box=a+b&hash=h');
});

it('gives and takes back', async () => {
  answer(200, { changed: 1 });
  expect(await owners.grant([{ box: 'demo', hash: 'h' }], 'ben', 'none')).toBe(1);
  const [url, init] = ask.mock.calls[0]!;
  expect([url.pathname, init.method]).toEqual(['/x/api/v1/grants', 'PUT']);
  expect(JSON.parse(init.body as string)).toEqual({ torrents: [{ box: 'demo', hash: 'h' }], user: 'ben', access: 'none' });
});

it('says why not in a sentence', async () => {
  answer(403, { status: 403, code: 'not-yours', detail: 'only its owner may share it' });
  await expect(owners.grant([{ box: 'demo', hash: 'h' }], 'ben', 'see')).rejects.toMatchObject({ status: 403, message: 'Only its owner may share it.' });
  ask.mockRejectedValue(new TypeError('network'));
  await expect(owners.grants('demo', 'h')).rejects.toMatchObject({ code: 'unreachable' });
  answer(502, 'nonsense');
  await expect(owners.grants('demo', 'h')).rejects.toMatchObject({ status: 502, code: 'foreign' });
});
