import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Keeper, type TabStorage } from './kept';

let stored: Map<string, string>;
let storage: TabStorage;
const frames = [{ t: 'torrents', s: 7, e: 'e', rows: [] }, { t: 'line', s: 1, e: 'e', boxes: [{ name: 'demo', age_ms: 500 }] }];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  stored = new Map();
  storage = {
    getItem: (k) => stored.get(k) ?? null,
    setItem: (k, v) => void stored.set(k, v),
    removeItem: (k) => void stored.delete(k),
  };
  return () => void vi.useRealTimers();
});

/** The next document of the tab. */
function next(): Keeper {
  const keeper = new Keeper(() => storage);
  keeper.begin();
  return keeper;
}

describe('Keeper', () => {
  it('passes on to the next document, with the ages of then, once', () => {
    next().store('ada', frames);
    vi.setSystemTime(Date.now() + 2000);
    const keeper = next();
    expect(keeper.take('ada')).toMatchObject([{ t: 'torrents', s: 7, e: 'e' }, { boxes: [{ name: 'demo', age_ms: 2500 }] }]);
    expect(keeper.take('ada')).toEqual([]);
    expect(next().take('ada')).toEqual([]);
  });

  it('leaves nothing in the storage while a page is shown, whoever is signed in', () => {
    next().store('ada', frames);
    expect(stored.size).toBe(1);
    next();
    expect(stored.size).toBe(0);
  });

  it('gives nothing to another user', () => {
    next().store('ada', frames);
    const keeper = next();
    expect(keeper.take('ben')).toEqual([]);
    expect(keeper.take('ada')).toEqual([]);
  });

  it('gives nothing that is old, or from the future', () => {
    next().store('ada', frames);
    const at = Date.now();
    vi.setSystemTime(at + 61_000);
    expect(next().take('ada')).toEqual([]);
    next().store('ada', frames);
    vi.setSystemTime(at);
    expect(next().take('ada')).toEqual([]);
  });

  it('stores nothing when there is nothing, as after a sign-out', () => {
    next().store('ada', []);
    expect(stored.size).toBe(0);
    const keeper = next();
    keeper.hold('ada', frames);
    keeper.hold('ada', []);
    expect(keeper.take('ada')).toEqual([]);
  });

  it('holds from page to page in memory only', () => {
    const keeper = next();
    keeper.hold('ada', frames);
    expect(stored.size).toBe(0);
    expect(keeper.take('ada')).toHaveLength(2);
  });

  it('does without a storage, with too small a one, and with nonsense in it', () => {
    const refused = new Keeper(() => {
      throw new DOMException('refused', 'SecurityError');
    });
    refused.begin();
    refused.store('ada', frames);
    expect(refused.take('ada')).toEqual([]);
    storage.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    next().store('ada', frames);
    expect(next().take('ada')).toEqual([]);
    for (const text of ['', '{', 'null', '[]', '{"user":"ada"}', '{"user":"ada","at":"x","frames":[]}']) {
      stored.set('offing.kept', text);
      expect(next().take('ada')).toEqual([]);
    }
  });
});
