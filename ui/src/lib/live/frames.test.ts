import { describe, expect, it } from 'vitest';
import { readHosts, readLines } from './boxes';
import { readDetail } from './detail';
import { readFrame } from './frames';
import { readNotices, readTotals } from './sums';
import { BLANK, readRows, writeRow } from './torrent';

const hash = 'a'.repeat(40);
const nonsense = [undefined, null, 1, 'x', [], {}, [[]], [{}], [null], -1, true, Number.NaN];

describe('readFrame', () => {
  it('reads a difference', () => {
    const frame = { t: 'torrents', s: 3, rows: [{ id: 1, left: 5 }] };
    expect(readFrame(JSON.stringify(frame))).toEqual({ op: 'topic', topic: 'torrents', seq: 3, epoch: null, more: false, members: frame });
  });

  it('reads a reset, and that there is no such topic', () => {
    expect(readFrame('{"t":"line","s":1,"e":"00ff","more":true}')).toMatchObject({ epoch: '00ff', more: true });
    expect(readFrame('{"t":"host","gone":true}')).toEqual({ op: 'gone', topic: 'host' });
  });

  it.each([
    '', '{', 'null', '[]', '7', '{"op":"topic"}', '{"op":"later"}', '{"t":7,"s":1}',
    '{"t":"torrents"}', '{"t":"torrents","s":"1"}', '{"t":"torrents","s":1,"e":1}',
  ])('reads nothing from %s', (message) => {
    expect(readFrame(message)).toBeNull();
  });
});

describe('rows', () => {
  it('are whole with a hash, else changes', () => {
    expect(readRows([{ id: 1, box: 'demo', hash, left: 5, owners: [] }, { id: 2, status: 'seeding', access: 'act' }])).toEqual([
      { id: 1, whole: { box: 'demo', hash }, fields: { left: 5, owners: [] } },
      { id: 2, whole: null, fields: { status: 'seeding', access: 'act' } },
    ]);
  });

  it('let no field of a wrong type, nor an unknown one, through', () => {
    const row = { id: 1, name: 7, left: '5', size: null, status: 'dancing', labels: [1], owners: 'me', access: 'all', __proto__x: 1, peers: 4 };
    expect(readRows([row])).toEqual([{ id: 1, whole: null, fields: { peers: 4 } }]);
  });

  it('take labels of null for none', () => {
    expect(readRows([{ id: 1, labels: null }])[0]?.fields).toEqual({ labels: [] });
  });

  it('read again what they write', () => {
    const fields = { ...BLANK, name: 'n', left: 5, labels: ['x'], owners: [], access: 'see' as const };
    const [row] = readRows([JSON.parse(JSON.stringify(writeRow(7, 'demo', hash, fields)))]);
    expect({ ...BLANK, ...row!.fields }).toEqual(fields);
    expect(row).toMatchObject({ id: 7, whole: { box: 'demo', hash } });
  });
});

describe('the readers', () => {
  it('survive any nonsense in any place', () => {
    for (const v of nonsense) {
      expect(readRows(v)).toEqual([]);
      expect(readLines(v)).toEqual([]);
      expect(readHosts(v)).toEqual([]);
      expect(readNotices(v)).toEqual([]);
      expect(readTotals({ status: v, quota: v, used: v })).toMatchObject({ torrents: 0, quota: {}, used: {} });
      expect(readDetail({ info: v, files: v, peers: v, peers_gone: v, trackers: v, pieces: v })).toMatchObject({ files: [], peers: [] });
    }
  });

  it('take a line state that they do not know for down', () => {
    expect(readLines([{ name: 'demo', line: { state: 'teleporting' }, age_ms: 5 }])).toMatchObject([
      { name: 'demo', line: { state: 'down', reason: '' }, daemon: { state: '' }, age_ms: 5 },
    ]);
  });

  it('tell a limit of none from one that is not there', () => {
    expect(readTotals({ quota: { bytes: 5 }, used: { torrents: 2, bytes: 3 } })).toMatchObject({ quota: { bytes: 5 }, used: { torrents: 2, bytes: 3 } });
  });
});
