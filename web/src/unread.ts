/** What counts as unread, as the server counts it for the inbox, and where the line "new" stands. Pure. */
import type { Entry } from './protocol.js';

/** Whether somebody else said something with it that is still there. */
export function speaks({ event, actor }: Entry, me: string): boolean {
  return actor !== me && (event?.kind === 'message_sent' || event?.kind === 'file_shared');
}

/** The first that is unread; null if nothing is. */
export function firstUnread(entries: readonly Entry[], me: string, read: number): number | null {
  return entries.find((entry) => entry.seq > read && speaks(entry, me))?.seq ?? null;
}

/**
 * Where the line stands now, given where it stood.
 *
 * Whoever looks keeps it where it was: reading moves the mark, not what was new when they came.
 * While they look elsewhere it follows the mark, which another of their screens may move.
 */
export function divider(
  stood: number | null | undefined,
  looking: boolean,
  entries: readonly Entry[],
  me: string,
  read: number,
): number | null {
  return looking && stood !== undefined ? stood : firstUnread(entries, me, read);
}
