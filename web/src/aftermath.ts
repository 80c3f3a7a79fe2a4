/**
 * What became of messages and files after they were said: newest words, reactions, verdicts.
 *
 * Pure. Whatever happened to an entry stands later in the timeline than the entry itself, so a
 * client that has `[n..head]` knows all about the entries in that range.
 */
import type { Entry, Reaction, Scan } from './protocol.js';

export interface After {
  /** The newest words, if they were changed. */
  text?: string;
  /** When they were changed last. */
  editedAt?: string;
  withdrawn?: boolean;
  /** Who reacted, by reaction, in the order of their coming. */
  reactions?: ReadonlyMap<Reaction, readonly string[]>;
  /** The scanner's verdict, if it came later than the file. */
  scan?: Scan;
}

export interface Aftermath {
  /** By the seq of the message or file. */
  of: ReadonlyMap<number, After>;
  /** Seqs of edits that were withdrawn or erased with their message: nothing to show. */
  hidden: ReadonlySet<number>;
  /** Seqs whose words were erased, whatever is left of the entry. */
  erased: ReadonlySet<number>;
  /** Those among them that told of a recording. */
  recordings: ReadonlySet<number>;
}

export function aftermath(entries: readonly Entry[]): Aftermath {
  const of = new Map<number, After>();
  const hidden = new Set<number>();
  const erased = new Set<number>();
  const recordings = new Set<number>();
  const change = (seq: number, now: After): unknown => of.set(seq, { ...of.get(seq), ...now });
  for (const { event, at, actor } of entries) {
    switch (event?.kind) {
      case 'message_edited':
        change(event.message, { text: event.text, editedAt: at });
        break;
      case 'message_withdrawn':
        // what was reacted to is gone, and the reactions with it
        of.set(event.message, { withdrawn: true });
        event.versions?.forEach((seq) => hidden.add(seq));
        break;
      case 'reaction_added':
      case 'reaction_removed': {
        const reactions = new Map(of.get(event.message)?.reactions);
        const others = reactions.get(event.reaction)?.filter((one) => one !== actor) ?? [];
        if (event.kind === 'reaction_added') others.push(actor);
        if (others.length > 0) reactions.set(event.reaction, others);
        else reactions.delete(event.reaction);
        change(event.message, { reactions });
        break;
      }
      case 'file_scanned':
        change(event.shared, { scan: event.scan });
        break;
      case 'entry_redacted':
        erased.add(event.seq);
        if (event.recording) recordings.add(event.seq);
        event.versions?.forEach((seq) => hidden.add(seq));
        if (!event.left) of.delete(event.seq);
        break;
      default:
    }
  }
  return { of, hidden, erased, recordings };
}

/** The words of a message as they stand; null if they are gone. */
export function wordsOf(entry: Entry, after: After | undefined): string | null {
  if (after?.withdrawn || entry.event?.kind !== 'message_sent') return null;
  return after?.text ?? (entry.event as { text: string }).text;
}
