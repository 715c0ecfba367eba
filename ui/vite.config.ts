import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The controller serves the page under a policy without inline scripts, inline
// styles or data URLs for code, so nothing is inlined and nothing is injected.
// The base is relative: the page works below any path.
export default defineConfig(({ mode }) => ({
  base: './',
  plugins: [svelte()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // lightningcss and older targets would rewrite light-dark().
    cssTarget: 'esnext',
  },
  server: {
    // `npm run dev` talks to a controller, or to dev/mock.mjs.
    proxy: { '/api': { target: process.env.OFFING_API ?? 'http://127.0.0.1:8080', ws: true } },
  },
  resolve: mode === 'test' ? { conditions: ['browser'] } : {},
  test: { environment: 'node', include: ['src/**/*.test.ts'], restoreMocks: true, testTimeout: 60_000, hookTimeout: 60_000 },
}));
