import { resolve } from 'node:path';
import { defineConfig } from 'vite';

/** The elements for pages of other people: one file whose name never changes. */
export default defineConfig({
  build: {
    target: 'es2022',
    outDir: 'build/client',
    emptyOutDir: false,
    copyPublicDir: false,
    lib: {
      entry: resolve(import.meta.dirname, 'src/embed.ts'),
      formats: ['es'],
      fileName: () => 'embed.js',
    },
  },
});
