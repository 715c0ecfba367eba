import type { Amount, Totals } from './live/sums';
import { bytes, count } from './format';

/** How much of a limit is used up. */
export interface Used {
  part: number; // 0 to 1, more when it is exceeded
  text: string;
}

/** What is used of the user's limits, the one nearest to its end first; empty without limits. */
export function usedOf({ quota, used }: Totals): Used[] {
  const say = (name: keyof Amount, word: (n: number) => string): Used[] => {
    const limit = quota[name];
    if (!limit) return [];
    const n = used[name] ?? 0;
    return [{ part: n / limit, text: `${word(n)} of ${word(limit)}${name === 'torrents' ? ' torrents' : ''}` }];
  };
  return [...say('bytes', bytes), ...say('torrents', count)].sort((a, b) => b.part - a.part);
}
