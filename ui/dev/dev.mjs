// Vite with the mock controller behind it; both end with Ctrl-C.

import { createServer } from 'vite';

process.env.PORT ??= '8080';
process.env.OFFING_API = `http://127.0.0.1:${process.env.PORT}`;
await import('./mock.mjs');
const vite = await createServer({ root: new URL('..', import.meta.url).pathname });
await vite.listen();
vite.printUrls();
