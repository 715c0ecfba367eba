// @vitest-environment jsdom

import { describe, expect, it, vi } from 'vitest';
import { base64, linkOf, readSources } from './add';
import { Adding } from './adding.svelte';
import { ApiError } from './api/call';
import { CommandsApi } from './api/commands';
import { isWhole, readAnnounces } from './detail/announce';
import { commonLabels, labelGroups, readLabels } from './labels';
import { readOrders } from './live/orders';
import { Commands } from './orders/commands.svelte';
import { Torrents } from './rows/torrents.svelte';
import { noOrders } from '../testing/page';

const V1 = '0123456789abcdef0123456789abcdef01234567';
const MAGNET = `magnet:?xt=urn:btih:${V1}&dn=A+name`;
const WISH = { box: '', dir: '', paused: false, labels: '' };

describe('what is pasted', () => {
  it('is told apart, each once', () => {
    const all = readSources(`${MAGNET}\n\n https://example.org/a.torrent \n${V1}\n${MAGNET}\nnonsense\nmagnet:?dn=x`);
    expect(all.map((s) => s.kind)).toEqual(['magnet', 'url', 'magnet', 'wrong', 'wrong']);
    expect(all[0]!.name).toBe('A name');
    expect(all[2]!.text).toBe(`magnet:?xt=urn:btih:${V1}`);
  });

  it('may stand in one line', () => {
    expect(readSources(`${MAGNET} https://example.org/a.torrent`).map((s) => s.kind)).toEqual(['magnet', 'url']);
  });

  it('comes from the browser in a fragment', () => {
    expect(linkOf(`#add/${encodeURIComponent(MAGNET)}`)).toBe(MAGNET);
    expect(linkOf('#torrent/demo/x')).toBeNull();
    expect(linkOf('#add/%')).toBeNull();
  });
});

describe('Adding', () => {
  function start(answer: (body: { magnet?: string; metainfo?: string }) => unknown) {
    const commands = new Commands(new Torrents(), noOrders);
    const bodies: object[] = [];
    const call = vi.fn((_: string, __: string, body?: object) => {
      bodies.push(body!);
      const a = answer(body as { magnet?: string });
      return a instanceof Error ? Promise.reject(a) : Promise.resolve({ commands: [a] });
    });
    return { commands, bodies, adding: new Adding(new CommandsApi(call), commands) };
  }
  const waiting = { id: '1', box: 'demo', do: 'add', state: 'waiting', of: 1 };

  it('follows each to its end, duplicates included', async () => {
    const { adding, commands, bodies } = start(() => ({ ...waiting, why: 'the line is down' }));
    adding.show(MAGNET);
    await adding.add({ ...WISH, paused: true, labels: 'a, b' });
    expect(bodies).toEqual([{ magnet: MAGNET, paused: true, changes: { labels: ['a', 'b'] } }]);
    expect([adding.items[0]!.state, adding.items[0]!.text]).toEqual(['under-way', 'Waits: the line is down']);
    commands.hear(readOrders([{ ...waiting, state: 'done', result: { added: { hash: V1, name: 'n', duplicate: true } } }]), false);
    expect([adding.items[0]!.state, adding.items[0]!.text]).toEqual(['done', 'It was there already: n']);
  });

  it('keeps what was refused to be tried again, and says why', async () => {
    let id = 0;
    const { adding } = start((body) => (body.magnet ? new ApiError(403, 'over-quota', 'This is too much.') : { ...waiting, id: String(id++) }));
    adding.show(`${MAGNET}\nhttps://example.org/a.torrent\nnonsense`);
    await adding.add(WISH);
    expect(adding.items.map((i) => i.text)).toEqual(['This is too much.', 'On its way to the box …', 'It is neither a magnet link nor a web address.']);
    expect(adding.text).toBe(`${MAGNET}\nnonsense`);
  });

  it('reads files, and sends none that is no torrent', async () => {
    const { adding, bodies } = start(() => waiting);
    const content = new TextEncoder().encode('d4:infod6:lengthi1eee and more');
    const file = (name: string, bytes: Uint8Array): File => Object.assign(new File([], name), { arrayBuffer: () => Promise.resolve(bytes.buffer) });
    adding.show('', [file('a.torrent', content), file('b.txt', new TextEncoder().encode('<html>'))]);
    await adding.add(WISH);
    expect(bodies).toEqual([{ metainfo: base64(content) }]);
    expect(adding.items[1]!.text).toBe('It is not a .torrent file.');
    expect(adding.files.map((f) => f.name)).toEqual(['b.txt']);
  });
});

describe('labels', () => {
  it('of many: what all have is changed, what some have stays', () => {
    const t = (...labels: string[]) => ({ fields: { labels } });
    const all = [t('a', 'b'), t('a'), t('a', 'b')];
    expect(commonLabels(all.map((x) => x.fields.labels))).toEqual(['a']);
    expect(labelGroups(all, readLabels('c, c ,')).map((g) => [g.labels, g.torrents.length])).toEqual([[['b', 'c'], 2], [['c'], 1]]);
    expect(labelGroups(all, ['a'])).toEqual([]);
  });
});

it('trackers are addresses, and one that was shortened is known', () => {
  expect(readAnnounces('udp://a.example:6969/announce\nhttps://b.example/x')).toHaveLength(2);
  expect([readAnnounces('ftp://a/'), readAnnounces(''), readAnnounces('https://')]).toEqual([null, null, null]);
  expect([isWhole('https://a.example'), isWhole('https://a.example/key/announce')]).toEqual([false, true]);
});
