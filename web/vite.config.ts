import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/**
 * The pages of the demo and what they need, with hashed names. Built beside `dist` and swapped
 * in once all of it is there: a server may be serving `dist` meanwhile.
 */
export default defineConfig({
  build: {
    outDir: 'build/client',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index', 'room', 'inbox', 'mailbox'].map((page) => resolve(import.meta.dirname, `${page}.html`)),
    },
  },
});
