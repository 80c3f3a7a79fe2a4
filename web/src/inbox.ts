/** All orders of a person in the order in which they want attention. Pure. */
import type { InboxLine, State } from './protocol.js';

export const ENDED: ReadonlySet<State> = new Set(['closed', 'cancelled', 'expired', 'question_closed']);

export function isEnded(line: InboxLine): boolean {
  return ENDED.has(line.state);
}

/** Put changed lines in the place of those that were known, without those that have gone; new ones come last. */
export function merged(
  lines: readonly InboxLine[],
  changed: readonly InboxLine[],
  gone: readonly string[] = [],
): readonly InboxLine[] {
  const fresh = new Map(changed.map((line) => [line.order, line]));
  const kept = lines.filter((line) => !gone.includes(line.order)).map((line) => {
    const now = fresh.get(line.order);
    fresh.delete(line.order);
    // an older line may overtake a newer one where two came close together
    return now && now.head >= line.head ? now : line;
  });
  return [...kept, ...fresh.values()];
}

/**
 * The most urgent first: what runs before what ended, then what is due sooner, then the
 * person's own turn, then what is unread. Equals stay as the server gave them.
 */
export function ranked(lines: readonly InboxLine[]): readonly InboxLine[] {
  return [...lines].sort(
    (a, b) =>
      Number(isEnded(a)) - Number(isEnded(b)) ||
      (isEnded(a) ? 0 : due(a) - due(b)) ||
      Number(b.my_turn ?? false) - Number(a.my_turn ?? false) ||
      Number(b.unread > 0) - Number(a.unread > 0),
  );
}

function due(line: InboxLine): number {
  return line.due ? Date.parse(line.due) : Number.MAX_SAFE_INTEGER;
}
