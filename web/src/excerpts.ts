/** Parts of a text: around what was looked for, and its beginning. Pure. */
import type { Hit } from './protocol.js';

/** An excerpt in pieces: what was looked for, and what is around it. */
export function marked({ excerpt, ranges }: Pick<Hit, 'excerpt' | 'ranges'>): { text: string; hit: boolean }[] {
  const found: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (const [start, end] of ranges) {
    if (start < from || end > excerpt.length) continue;
    if (start > from) found.push({ text: excerpt.slice(from, start), hit: false });
    found.push({ text: excerpt.slice(start, end), hit: true });
    from = end;
  }
  if (from < excerpt.length) found.push({ text: excerpt.slice(from), hit: false });
  return found;
}

/** The beginning of a text, on one line. */
export function snippet(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const short = [...line].slice(0, 80).join('');
  return short === line ? line : `${short}…`;
}
