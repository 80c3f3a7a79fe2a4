/** What a screen reader is read of entries that have just come. */
import { callers, labels, lineOf } from './entries.js';
import { titleOf } from './files.js';
import type { Entry } from './protocol.js';
import type { OrderRoom } from './room.js';
import { textsOf, type Language } from './texts/index.js';
import { find } from './timeline.js';

/** What came at once beyond this is a number: a reader that was away is not read all of it. */
const TOLD_AT_MOST = 5;

/** In words; empty if there is nothing to tell. */
export function announcement(room: OrderRoom, entries: readonly Entry[], language: Language): string {
  const me = room.me?.person;
  if (!room.room || me === undefined) return '';
  const { members } = room.room;
  const t = textsOf(language);
  const called = callers(room.timeline.entries);
  const words = entries.flatMap((entry) => {
    if (entry.actor === me) return [];
    const event = entry.event;
    if (event?.kind === 'message_sent') return [t.chat.said(room.name(entry.actor) ?? t.someone, event.text)];
    if (event?.kind === 'file_scanned') {
      const shared = find(room.timeline, event.shared)?.event;
      if (shared?.kind !== 'file_shared') return [];
      return [(event.scan === 'infected' ? t.upload.withheld : t.upload.cleared)(titleOf(shared, language))];
    }
    if (event?.kind.startsWith('notice_')) return [];
    const around = { language, me, members, label: labels(room.situation?.brief) };
    return lineOf(entry, around, new Set(), called)?.text ?? [];
  });
  return words.length > TOLD_AT_MOST ? t.chat.fresh(words.length) : words.join('. ');
}
