// The built page must work under the controller's policy, and ask nobody else.

import { build, type Rollup } from 'vite';
import { beforeAll, describe, expect, it, vi } from 'vitest';

let files: Map<string, string>;

beforeAll(async () => {
  vi.stubEnv('NODE_ENV', 'production');
  const result = (await build({ mode: 'production', logLevel: 'silent', build: { write: false } })) as Rollup.RollupOutput;
  files = new Map(result.output.map((f) => [f.fileName, f.type === 'chunk' ? f.code : String(f.source)]));
}, 600_000); // it takes 50 s on two busy cores, and has taken more than 120

describe('the built page', () => {
  it('has nothing inline', () => {
    const html = files.get('index.html')!;
    expect(html).toContain('<script');
    expect(html).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|data:/i);
    for (const [, attributes, body] of html.matchAll(/<script([^>]*)>(.*?)<\/script>/gs)) {
      expect(attributes).toContain('src="./assets/');
      expect(body!.trim()).toBe('');
    }
  });

  it('writes no style attributes into the document', () => {
    for (const [name, text] of files) if (name.endsWith('.js')) expect(text, name).not.toMatch(/<[a-z]+ [^<>`]*\bstyle="/);
  });

  it('names its files after their content, but for the entry', () => {
    for (const name of files.keys()) expect(name).toMatch(/^(index\.html|assets\/[\w-]+-[\w-]{8}\.(js|css|svg))$/);
  });

  it('names no other host', () => {
    const allowed = /^https?:\/\/(www\.w3\.org\/|svelte\.dev\/e\/)/; // namespaces, and the texts of errors
    for (const [name, text] of files)
      for (const [address] of text.matchAll(/\b(?:https?|wss?):\/\/[a-z0-9][^\s"'`)]*/gi)) expect(address, name).toMatch(allowed);
  });
});
