/** Cuts plain text into words and web addresses. Pure; nothing in a message is ever markup. */

export type Piece = { text: string } | { text: string; href: string; host: string };

const ADDRESS = /(?<![\p{L}\p{N}_@./-])(?:https?:\/\/|www\.(?=[\p{L}\p{N}]))[^\s<>"'`\p{C}]+/giu;
const CLOSERS: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

/**
 * Only `http:` and `https:` become links, and `www.` as people write it; whatever else a message
 * holds stays text. An address whose first part only looks like a host (`https://bank.example@…`)
 * stays text as well. `host` is told where the written one is not what a browser goes to, as with
 * letters of another script that look alike; it is empty otherwise.
 */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const url = urlOf(address);
    if (url === null) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    const written = address.toLowerCase().replace(/^https?:\/\//, '');
    const host = written.startsWith(url.host) ? '' : url.host;
    found.push({ text: address, href: url.href, host });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/**
 * A text in parts, of which some must not be torn apart: French writes a space before : ; ? ! and
 * inside «», and no line may begin with one of them. The text itself stays as it was written.
 */
export function unsplit(text: string): { text: string; whole: boolean }[] {
  const found: { text: string; whole: boolean }[] = [];
  let from = 0;
  for (const match of text.matchAll(TOGETHER)) {
    if (match.index > from) found.push({ text: text.slice(from, match.index), whole: false });
    found.push({ text: match[0], whole: true });
    from = match.index + match[0].length;
  }
  if (from < text.length || found.length === 0) found.push({ text: text.slice(from), whole: false });
  return found;
}

/** A word with what belongs to it; one that is too long for a line is better torn. */
const TOGETHER = /(?<!\S)(?:« )?[^\s«]{0,20} [;:?!»]+\S{0,2}(?!\S)|(?<!\S)« \S{1,20}(?!\S)/g;

/** "(see https://example.org/a_(b))." ends where a reader would end it. In one pass, as anybody may write anything. */
function trimmed(address: string): string {
  const left: Record<string, number> = {};
  for (const char of address) if ('()[]{}'.includes(char)) left[char] = (left[char] ?? 0) + 1;
  let end = address.length;
  for (; end > 0; end -= 1) {
    const last = address[end - 1] ?? '';
    const opener = CLOSERS[last];
    const unpaired = opener !== undefined && (left[opener] ?? 0) < (left[last] ?? 0);
    if (!/[.,;:!?…»”’]/.test(last) && !unpaired) break;
    if (unpaired) left[last] = (left[last] ?? 0) - 1;
  }
  return address.slice(0, end);
}

function urlOf(address: string): URL | null {
  try {
    const bare = /^www\./i.test(address);
    const url = new URL(bare ? `https://${address}` : address);
    const known = (url.protocol === 'http:' || url.protocol === 'https:') && url.host !== '';
    if (bare && !/^www\..+\.[^.]{2,}$/.test(url.hostname)) return null; // "www.soon"
    return known && url.username === '' && url.password === '' ? url : null;
  } catch {
    return null;
  }
}
