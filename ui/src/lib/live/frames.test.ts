import { describe, expect, it } from 'vitest';
import { readFrame } from './frames';

const hash = 'a'.repeat(40);
const topic = (v: object): string => JSON.stringify({ op: 'topic', topic: 'torrents', epoch: '00000000000000ff', seq: 3, ...v });

describe('readFrame', () => {
  it('reads a delta with only the fields that it has', () => {
    expect(readFrame(topic({ rows: [{ box: 'demo', hash, left: 5, status: 'seeding' }], removed: [['demo', 'b']] }))).toEqual({
      op: 'torrents', epoch: '00000000000000ff', seq: 3, reset: false, more: false,
      rows: [{ box: 'demo', hash, fields: { left: 5, status: 'seeding' } }], removed: [['demo', 'b']],
    });
  });

  it('lets no field of a wrong type, nor an unknown one, through', () => {
    const row = { box: 'demo', hash, name: 7, left: '5', size: null, status: 'dancing', labels: [1], __proto__x: 1, peers: 4 };
    expect(readFrame(topic({ rows: [row] }))).toMatchObject({ rows: [{ fields: { peers: 4 } }] });
    const frame = readFrame(topic({ rows: [row] }));
    expect(frame?.op === 'torrents' && Object.keys(frame.rows[0]!.fields)).toEqual(['peers']);
  });

  it('takes labels of null for none', () => {
    expect(readFrame(topic({ rows: [{ box: 'demo', hash, labels: null }] }))).toMatchObject({ rows: [{ fields: { labels: [] } }] });
  });

  it.each([
    '', '{', 'null', '[]', '7', '{"op":"topic"}', '{"op":"topic","topic":"weather"}', '{"op":"later"}',
    '{"op":"topic","topic":"torrents","epoch":1,"seq":1}', '{"op":"topic","topic":"torrents","epoch":"x","seq":"1"}',
  ])('reads nothing from %s', (message) => {
    expect(readFrame(message)).toBeNull();
  });

  it('survives any nonsense in any place', () => {
    const nonsense = [null, 1, 'x', [], {}, [[]], [{}], [null], -1, true];
    for (const rows of nonsense)
      for (const removed of nonsense)
        expect(readFrame(topic({ rows, removed }))).toMatchObject({ op: 'torrents', rows: [], removed: [] });
    for (const boxes of nonsense)
      expect(readFrame(JSON.stringify({ op: 'topic', topic: 'line', boxes }))).toEqual({ op: 'line', boxes: [] });
  });

  it('takes a line state that it does not know for down', () => {
    const boxes = [{ name: 'demo', line: { state: 'teleporting' }, age_ms: 5 }];
    expect(readFrame(JSON.stringify({ op: 'topic', topic: 'line', boxes }))).toMatchObject({
      boxes: [{ name: 'demo', line: { state: 'down', reason: '' }, daemon: { state: '' }, age_ms: 5 }],
    });
  });
});
