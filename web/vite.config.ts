import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** The pages of the demo and what they need, with hashed names. */
export default defineConfig({
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: ['index', 'room', 'mailbox'].map((page) => resolve(import.meta.dirname, `${page}.html`)),
    },
  },
});
