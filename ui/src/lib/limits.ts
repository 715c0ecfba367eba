// The limits of torrents as they stand in a form, and what of them is sent.

import { LIMIT_MODES, type LimitMode, type Options } from './api/commands';
import { parseBytes, parseCount, writeBytes } from './amount';

/** Each choice may be "keep": as it is, for torrents of which it is not known or not the same. */
export interface LimitsDraft {
  down: 'keep' | 'none' | 'own';
  downRate: string;
  up: 'keep' | 'none' | 'own';
  upRate: string;
  ratio: 'keep' | 'global' | 'own' | 'none';
  ratioAt: string;
  idle: 'keep' | 'global' | 'own' | 'none';
  idleAt: string;
  unbound: 'keep' | 'yes' | 'no';
  priority: 'keep' | '-1' | '0' | '1';
}

export type LimitsWrong = Partial<Record<'downRate' | 'upRate' | 'ratioAt' | 'idleAt', string>>;

const MODE = new Map(Object.entries(LIMIT_MODES).map(([word, mode]) => [mode, word as keyof typeof LIMIT_MODES]));

/** A form of what is set; what is not known is kept. */
export function draftLimits(o: Partial<Options>): LimitsDraft {
  const limited = (yes: boolean | undefined): 'keep' | 'none' | 'own' => (yes === undefined ? 'keep' : yes ? 'own' : 'none');
  const mode = (m: LimitMode | undefined): LimitsDraft['ratio'] => (m === undefined ? 'keep' : (MODE.get(m) ?? 'keep'));
  return {
    down: limited(o.down_limited), downRate: rateText(o.down_limit), up: limited(o.up_limited), upRate: rateText(o.up_limit),
    ratio: mode(o.ratio_mode), ratioAt: ratioText(o.ratio_limit), idle: mode(o.idle_mode), idleAt: o.idle_limit ? String(o.idle_limit) : '',
    unbound: o.unbound === undefined ? 'keep' : o.unbound ? 'yes' : 'no',
    priority: o.priority === undefined ? 'keep' : o.priority < 0 ? '-1' : o.priority > 0 ? '1' : '0',
  };
}

/** A rate to be edited, empty for none. */
export const rateText = (n: number | undefined): string => (n ? `${writeBytes(n)}/s` : '');

/** A ratio to be edited, from ten-thousandths. */
export const ratioText = (n: number | undefined): string => (n === undefined ? '' : String(n / 10_000));

/** Ten-thousandths of a ratio; null for what is none. */
export function parseRatio(text: string): number | null {
  const plain = text.trim().replace(',', '.');
  return /^\d{1,6}(\.\d{1,4})?$/.test(plain) ? Math.round(Number(plain) * 10_000) : null;
}

/** A rate in whole kB/s, as the daemon keeps it; null for what is none. */
export function parseRate(text: string): number | null {
  const n = parseBytes(text);
  return n === null || text.trim() === '' ? null : Math.round(n / 1000) * 1000;
}

/** What of the draft is otherwise than what is set, or what is wrong with it. */
export function readLimits(d: LimitsDraft, now: Partial<Options>): { change: Partial<Options> } | { wrong: LimitsWrong } {
  const change: Partial<Options> = {};
  const wrong: LimitsWrong = {};
  const read = (on: boolean, name: keyof LimitsWrong, parse: (text: string) => number | null, says: string): number | undefined => {
    if (!on) return undefined;
    const n = parse(d[name]);
    if (n === null) wrong[name] = says;
    return n ?? undefined;
  };
  const downRate = read(d.down === 'own', 'downRate', parseRate, 'Such as 500 kB/s.');
  const upRate = read(d.up === 'own', 'upRate', parseRate, 'Such as 500 kB/s.');
  const ratioAt = read(d.ratio === 'own', 'ratioAt', parseRatio, 'A number such as 2 or 1.5.');
  const idleAt = read(d.idle === 'own', 'idleAt', (text) => parseCount(text) || null, 'Whole minutes, 1 or more.');
  if (Object.keys(wrong).length > 0) return { wrong };
  const set = <K extends keyof Options>(name: K, value: Options[K] | undefined): void => {
    if (value !== undefined && value !== now[name]) change[name] = value;
  };
  set('down_limited', d.down === 'keep' ? undefined : d.down === 'own');
  set('down_limit', downRate);
  set('up_limited', d.up === 'keep' ? undefined : d.up === 'own');
  set('up_limit', upRate);
  set('ratio_mode', d.ratio === 'keep' ? undefined : LIMIT_MODES[d.ratio]);
  set('ratio_limit', ratioAt);
  set('idle_mode', d.idle === 'keep' ? undefined : LIMIT_MODES[d.idle]);
  set('idle_limit', idleAt);
  set('unbound', d.unbound === 'keep' ? undefined : d.unbound === 'yes');
  set('priority', d.priority === 'keep' ? undefined : Number(d.priority));
  return { change };
}
