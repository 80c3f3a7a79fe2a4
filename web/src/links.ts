/** Cuts plain text into words and web addresses. Pure; nothing in a message is ever markup. */

export type Piece = { text: string } | { text: string; href: string };

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`\u0000-\u001f]+/gi;
const CLOSERS: Record<string, string> = { ')': '(', ']': '[', '}': '{' };

/** Only `http:` and `https:` become links; whatever else a message holds stays text. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = hrefOf(address);
    if (href === null) continue;
    if (match.index > from) found.push({ text: text.slice(from, match.index) });
    found.push({ text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ text: text.slice(from) });
  return found;
}

/** "(see https://example.org/a_(b))." ends where a reader would end it. */
function trimmed(address: string): string {
  let end = address.length;
  for (;;) {
    const last = address[end - 1] ?? '';
    const opener = CLOSERS[last];
    const body = address.slice(0, end);
    const unpaired = opener !== undefined && body.split(opener).length < body.split(last).length;
    if (!/[.,;:!?…»”’]/.test(last) && !unpaired) return body;
    end -= 1;
  }
}

function hrefOf(address: string): string | null {
  try {
    const url = new URL(address);
    return (url.protocol === 'http:' || url.protocol === 'https:') && url.host !== '' ? url.href : null;
  } catch {
    return null;
  }
}
