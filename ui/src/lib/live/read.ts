// Reading what was sent: nothing of a foreign message gets further than here unchecked.

export type Bag = Readonly<Record<string, unknown>>;

export const isBag = (v: unknown): v is Bag => typeof v === 'object' && v !== null && !Array.isArray(v);
export const bag = (v: unknown): Bag => (isBag(v) ? v : {});
export const list = (v: unknown): readonly unknown[] => (Array.isArray(v) ? v : []);
export const bags = (v: unknown): readonly Bag[] => list(v).filter(isBag);
export const text = (v: unknown): string => (typeof v === 'string' ? v : '');
export const isNumber = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
export const number = (v: unknown, otherwise = 0): number => (isNumber(v) ? v : otherwise);
export const flag = (v: unknown): boolean => v === true;
export const isTexts = (v: unknown): v is string[] => Array.isArray(v) && v.every((x) => typeof x === 'string');
