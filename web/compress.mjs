/**
 * Packs what browsers load, once, at the build: beside each text file of the client its `.br` and
 * `.gz`. The server hands out the smallest that a browser can unpack.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const CLIENT = join(import.meta.dirname, 'build', 'client');
const PACKED = /\.(?:js|css|svg)$/;
const WAYS = {
  br: (content) => brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  gz: (content) => gzipSync(content, { level: constants.Z_BEST_COMPRESSION }),
};

for (const name of readdirSync(CLIENT, { recursive: true })) {
  if (!PACKED.test(name)) continue;
  const content = readFileSync(join(CLIENT, name));
  for (const [ending, pack] of Object.entries(WAYS)) {
    const packed = pack(content);
    if (packed.length < content.length) writeFileSync(join(CLIENT, `${name}.${ending}`), packed);
  }
}
