import { describe, expect, it } from 'vitest';
import { BLANK, type Fields } from '../live/torrent';
import { type Look, lookOf, progress, ratioOf } from './derive';
import { arrange, type Choice, type Item, matters, sortName } from './order';

const item = (name: string, fields: Partial<Fields> = {}): Item => ({
  key: `demo/${name}`, box: 'demo', sortName: sortName(name), fields: { ...BLANK, name, ...fields },
});
const names = (items: Item[], choice: Partial<Choice> = {}): string[] =>
  arrange(items, { sort: 'name', descending: false, group: null, text: '', ...choice }).map((i) => i.fields.name);

describe('arrange', () => {
  it('orders names as people do', () => {
    expect(names([item('b10'), item('B9'), item('ärger'), item('Zoo'), item('b010x')])).toEqual(['ärger', 'B9', 'b10', 'b010x', 'Zoo']);
  });

  it('keeps equal ones in the order of their names, whichever way', () => {
    const items = [item('c', { size: 1 }), item('a', { size: 1 }), item('b', { size: 2 })];
    expect(names(items, { sort: 'size' })).toEqual(['a', 'c', 'b']);
    expect(names(items, { sort: 'size', descending: true })).toEqual(['b', 'a', 'c']);
  });

  it('puts an eta that is not known last, whichever way', () => {
    const moving = { status: 'downloading', left: 100 } as const;
    const items = [item('none'), item('slow', { ...moving, rate_down: 1 }), item('fast', { ...moving, rate_down: 10 })];
    expect(names(items, { sort: 'eta' })).toEqual(['fast', 'slow', 'none']);
    expect(names(items, { sort: 'eta', descending: true })).toEqual(['slow', 'fast', 'none']);
  });

  it('finds what is nobody’s, and what is somebody’s', () => {
    const items = [item('a', { owners: [] }), item('b', { owners: ['anna'] }), item('c')];
    expect(names(items, { group: 'unowned' })).toEqual(['a']);
    expect(names(items, { text: 'anna' })).toEqual(['b']);
  });

  it('narrows by group and by all of the words', () => {
    const items = [
      item('Tears of Steel', { status: 'download-queued', labels: ['films'] }), item('Sintel', { status: 'seeding', labels: ['films'] }),
      item('debian', { status: 'stopped', error_kind: 3 }),
    ];
    expect(names(items, { group: 'downloading' })).toEqual(['Tears of Steel']);
    expect(names(items, { group: 'errors' })).toEqual(['debian']);
    expect(names(items, { text: ' FILMS tears ' })).toEqual(['Tears of Steel']);
    expect(names(items, { text: 'nothing' })).toEqual([]);
  });
});

describe('matters', () => {
  const choice: Choice = { sort: 'state', descending: false, group: null, text: '' };
  it('tells what moves rows from what does not', () => {
    expect(matters(new Set(['rate_down', 'left', 'uploaded']), choice)).toBe(false);
    expect(matters(new Set(['status']), choice)).toBe(true);
    expect(matters(new Set(['rows']), choice)).toBe(true);
    expect(matters(new Set(['rate_down']), { ...choice, sort: 'eta' })).toBe(true);
    expect(matters(new Set(['error_kind']), choice)).toBe(false);
    expect(matters(new Set(['error_kind']), { ...choice, group: 'errors' })).toBe(true);
    expect(matters(new Set(['labels']), { ...choice, text: 'film' })).toBe(true);
    expect(matters(new Set(['owners']), choice)).toBe(false);
    expect(matters(new Set(['owners']), { ...choice, group: 'unowned' })).toBe(true);
  });
});

describe('derive', () => {
  it('has the rules of the reports', () => {
    expect(progress({ ...BLANK, size: 0 })).toBe(0);
    expect(progress({ ...BLANK, size: 10, left: 20 })).toBe(0);
    expect(progress({ ...BLANK, size: 10, left: 5 })).toBe(0.5);
    expect(progress({ ...BLANK, size: 10, left: 5, metadata: 2500 })).toBe(0.25);
    expect(ratioOf({ ...BLANK, uploaded: 5 })).toBe(0);
    expect(ratioOf({ ...BLANK, uploaded: 5, size: 10 })).toBe(0.5);
    expect(ratioOf({ ...BLANK, uploaded: 5, size: 10, downloaded: 20 })).toBe(0.25);
  });

  it.each<[Partial<Fields>, Look]>([
    [{ status: 'downloading', error_kind: 1 }, 'moving'],
    [{ status: 'downloading', error_kind: 2, rate_down: 5 }, 'moving'],
    [{ status: 'downloading', error_kind: 2 }, 'failed'],
    [{ status: 'stopped', error_kind: 3 }, 'failed'],
  ])('%j looks %s', (fields, look) => expect(lookOf({ ...BLANK, ...fields })).toBe(look));
});
