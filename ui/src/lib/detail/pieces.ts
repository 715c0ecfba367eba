// The map of a torrent's pieces: which are here, and how they are laid out.

import type { Pieces } from '../live/detail';

export interface Bits {
  count: number;
  size: number; // bytes of a piece
  /** A bit for each piece, the first in the highest of the first byte; empty when it is not known. */
  have: Uint8Array;
}

export function readBits(p: Pieces): Bits {
  const have = decode(p.have);
  return { count: p.count, size: p.size, have: have.length === Math.ceil(p.count / 8) ? have : new Uint8Array() };
}

function decode(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

/** How many pieces are here. */
export function here(bits: Bits): number {
  let n = 0;
  for (let byte of bits.have) for (; byte; byte &= byte - 1) n++;
  return n;
}

export interface Layout {
  columns: number;
  rows: number;
  /** Pieces that one cell stands for. */
  each: number;
  cells: number;
}

/** Lays the pieces out in at most so many rows of cells. */
export function layout(count: number, columns: number, maxRows: number): Layout {
  const wide = Math.max(columns, 1);
  const each = Math.max(Math.ceil(count / (wide * maxRows)), 1);
  const cells = Math.ceil(count / each);
  return { columns: wide, rows: Math.ceil(cells / wide), each, cells };
}

/** The part of each cell's pieces that is here, 0 to 1. */
export function shares(bits: Bits, { cells, each }: Layout): Float32Array {
  const out = new Float32Array(cells);
  for (let cell = 0; cell < cells; cell++) {
    const from = cell * each;
    const to = Math.min(from + each, bits.count);
    let n = 0;
    for (let i = from; i < to; i++) if (has(bits, i)) n++;
    out[cell] = n / (to - from);
  }
  return out;
}

function has(bits: Bits, i: number): boolean {
  return ((bits.have[i >> 3] ?? 0) & (0x80 >> (i & 7))) !== 0;
}
