import { parseBytes, parseCount, writeBytes } from './amount';
import type { Quota } from './api/people';

/** The limits of a person as they stand in a form. */
export type QuotaTexts = Record<keyof Quota, string>;

export function writeQuota(quota: Quota = {}): QuotaTexts {
  return {
    torrents: quota.torrents ? String(quota.torrents) : '',
    bytes: writeBytes(quota.bytes), down: writeRate(quota.down), up: writeRate(quota.up),
  };
}

const writeRate = (n: number | undefined): string => (n ? `${writeBytes(n)}/s` : '');

/** The limits, or what is wrong with the texts, by input. */
export function readQuota(texts: QuotaTexts): { quota: Required<Quota> } | { wrong: Partial<QuotaTexts> } {
  const quota = { torrents: parseCount(texts.torrents), bytes: parseBytes(texts.bytes), down: parseBytes(texts.down), up: parseBytes(texts.up) };
  const wrong: Partial<QuotaTexts> = {};
  if (quota.torrents === null) wrong.torrents = 'Write a whole number, or nothing.';
  if (quota.bytes === null) wrong.bytes = 'Write an amount such as 500 GB, or nothing.';
  for (const way of ['down', 'up'] as const) if (quota[way] === null) wrong[way] = 'Write a speed such as 20 MB/s, or nothing.';
  return Object.keys(wrong).length > 0 ? { wrong } : { quota: quota as Required<Quota> };
}
