// What people paste or drop to add it: telling links apart.

import type { Addition } from './api/commands';

/** One thing to be added, or why it cannot be. */
export type Source =
  | { kind: 'magnet' | 'url'; text: string; name: string }
  | { kind: 'wrong'; text: string; name: string; why: string };

const V1 = /^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i;

/** Reads lines of magnet links, web addresses and info hashes; each once. */
export function readSources(text: string): Source[] {
  const lines = text.split(/\s*\n\s*|\s+(?=magnet:|https?:\/\/)/i).map((line) => line.trim()).filter(Boolean);
  return [...new Set(lines)].map(readSource);
}

function readSource(line: string): Source {
  if (V1.test(line)) return { kind: 'magnet', text: `magnet:?xt=urn:btih:${line}`, name: line };
  if (line.length > 4096) return { kind: 'wrong', text: line, name: short(line), why: 'It is too long for a link.' };
  if (/^magnet:\?/i.test(line)) return readMagnet(line);
  if (/^https?:\/\/[^/\s]/i.test(line)) return { kind: 'url', text: line, name: short(line) };
  return { kind: 'wrong', text: line, name: short(line), why: 'It is neither a magnet link nor a web address.' };
}

function readMagnet(line: string): Source {
  const parts = new URLSearchParams(line.slice(line.indexOf('?') + 1));
  const name = parts.get('dn') ?? '';
  const hash = parts.getAll('xt').map((xt) => /^urn:btih:(.*)$/i.exec(xt)?.[1] ?? '').find((h) => V1.test(h));
  if (!hash) return { kind: 'wrong', text: line, name: short(name || line), why: 'The link names no torrent (there is no BitTorrent v1 hash in it).' };
  return { kind: 'magnet', text: line, name: short(name || hash) };
}

const short = (text: string): string => (text.length > 120 ? `${text.slice(0, 117)} …` : text);

/** What is asked for with a link. */
export const partOf = (source: Source): Pick<Addition, 'magnet' | 'url'> => (source.kind === 'url' ? { url: source.text } : { magnet: source.text });

/** Bytes as base64, in pieces that a call takes. */
export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  return btoa(text);
}

/** Whether a file may be a torrent, by how it begins (BEP 3: a dictionary). */
export const mayBeTorrent = (bytes: Uint8Array): boolean => bytes[0] === 0x64 && bytes.length > 20;

/** The link of a fragment "#add/LINK" to which the browser hands magnet links; null when it is none. */
export function linkOf(fragment: string): string | null {
  const [, rest] = /^#add\/(.+)$/s.exec(fragment) ?? [];
  if (!rest) return null;
  try {
    return decodeURIComponent(rest);
  } catch {
    return null;
  }
}
