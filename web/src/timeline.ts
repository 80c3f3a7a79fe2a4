/**
 * What this client knows of one order's timeline: a position, and the entries around it.
 *
 * Pure. Every function returns a new value and leaves its argument alone, so a view may compare
 * by identity. The promise: `entries` is always a run of consecutive seqs that ends at
 * `position`; what does not fit is not put in, but asked for again.
 */
import type { Batch, Entry, Event, Page, SecretKind } from './protocol.js';

export type Delivery = 'waiting' | 'sent' | 'failed';

/** A message of one's own that is not in the timeline yet. */
export interface Pending {
  id: string;
  text: string;
  /** Local time of writing, milliseconds since 1970. */
  at: number;
  delivery: Delivery;
  /** The message it answers. */
  replyTo?: number;
  /** The sentence of a refusal. */
  why?: string;
  /** What was seen in it, if that is why it was refused; whether it may be sent anyway. */
  secrets?: { kinds: readonly SecretKind[]; may: boolean };
  /** It was too fast: which limit, and when it goes out again (local time). */
  held?: { limit: string; until: number };
  /** Its seq once the server said so; the entry itself is on its way. */
  seq?: number;
}

export interface Timeline {
  /** The seq up to which nothing is missing; null before the first batch. */
  position: number | null;
  /** The link hash of the entry at `position`, if the server told it. */
  link: string | null;
  /** How far the server's timeline goes, as far as we heard. */
  head: number;
  entries: readonly Entry[];
  pending: readonly Pending[];
}

export const EMPTY: Timeline = { position: null, link: null, head: 0, entries: [], pending: [] };

export interface Applied {
  timeline: Timeline;
  /** Entries that were not known before, oldest first. */
  fresh: readonly Entry[];
  /** The batch does not continue what we have: ask again from `timeline.position`. */
  gap: boolean;
}

/** Put a batch in. One that we have already changes nothing; one that leaves a hole is refused. */
export function apply(timeline: Timeline, batch: Batch, me: string | null): Applied {
  const head = batch.reset ? batch.head : Math.max(timeline.head, batch.head);
  if (batch.reset || timeline.position === null) {
    const next: Timeline = {
      ...timeline,
      position: batch.upto,
      link: batch.link || null,
      head,
      entries: redacted(batch.entries),
    };
    return { timeline: settle(next, me), fresh: batch.entries, gap: false };
  }
  if (batch.upto <= timeline.position) {
    return { timeline: head === timeline.head ? timeline : { ...timeline, head }, fresh: [], gap: false };
  }
  if (batch.after > timeline.position) {
    return { timeline: { ...timeline, head }, fresh: [], gap: true };
  }
  const from = timeline.position;
  const fresh = batch.entries.filter((entry) => entry.seq > from);
  const next: Timeline = {
    ...timeline,
    position: batch.upto,
    link: batch.link || null,
    head,
    entries: redacted([...timeline.entries, ...fresh]),
  };
  return { timeline: settle(next, me), fresh, gap: false };
}

/** The seq before which older entries may be asked for; null when the beginning is here. */
export function olderThan(timeline: Timeline): number | null {
  const first = timeline.entries[0];
  return first !== undefined && first.seq > 1 ? first.seq : null;
}

/** Put a page of history in front. One that does not end right before what we have is dropped. */
export function prepend(timeline: Timeline, page: Page): Timeline {
  const first = timeline.entries[0];
  const last = page.entries.at(-1);
  if (first === undefined || last === undefined || last.seq !== first.seq - 1) return timeline;
  return { ...timeline, entries: redacted([...page.entries, ...timeline.entries]) };
}

export function find(timeline: Timeline, seq: number): Entry | undefined {
  const first = timeline.entries[0];
  return first === undefined ? undefined : timeline.entries[seq - first.seq];
}

/** Show one's own message before the server has it. */
export function write(timeline: Timeline, id: string, text: string, at: number, replyTo?: number): Timeline {
  if (timeline.pending.some((own) => own.id === id)) return timeline;
  const own: Pending = { id, text, at, delivery: 'waiting', ...(replyTo === undefined ? {} : { replyTo }) };
  return { ...timeline, pending: [...timeline.pending, own] };
}

/** The server has it: entry `seq`. It stays pending until that entry arrives. */
export function accepted(timeline: Timeline, id: string, seq: number): Timeline {
  if (timeline.position !== null && seq <= timeline.position) return dropped(timeline, id);
  return changed(timeline, id, ({ held: _, ...own }) => ({ ...own, delivery: 'sent', seq }));
}

/** The server refused it; it stays visible with the reason until it is tried again or dropped. */
export function rejected(timeline: Timeline, id: string, why: string, secrets?: Pending['secrets']): Timeline {
  return changed(timeline, id, ({ held: _, ...own }) => ({ ...own, delivery: 'failed', why, ...(secrets ? { secrets } : {}) }));
}

/** The server wants it later; it goes out by itself then. */
export function held(timeline: Timeline, id: string, limit: string, until: number): Timeline {
  return changed(timeline, id, (own) => ({ ...own, held: { limit, until } }));
}

export function retried(timeline: Timeline, id: string): Timeline {
  return changed(timeline, id, ({ why: _, secrets: __, held: ___, ...own }) => ({ ...own, delivery: 'waiting' }));
}

export function dropped(timeline: Timeline, id: string): Timeline {
  return { ...timeline, pending: timeline.pending.filter((own) => own.id !== id) };
}

function changed(timeline: Timeline, id: string, change: (own: Pending) => Pending): Timeline {
  return {
    ...timeline,
    pending: timeline.pending.map((own) => (own.id === id ? change(own) : own)),
  };
}

/** Take out of `pending` what has come back as an entry. */
function settle(timeline: Timeline, me: string | null): Timeline {
  if (timeline.pending.length === 0) return timeline;
  const echoes = new Set(
    timeline.entries.flatMap((e) => (e.client_id && (me === null || e.actor === me) ? [e.client_id] : [])),
  );
  const position = timeline.position ?? 0;
  const pending = timeline.pending.filter(
    (own) => !echoes.has(own.id) && !(own.seq !== undefined && own.seq <= position),
  );
  return pending.length === timeline.pending.length ? timeline : { ...timeline, pending };
}

/** An entry that tells of a withdrawal or an erasure empties those it names, if we have them. */
function redacted(entries: readonly Entry[]): readonly Entry[] {
  const left = new Map<number, Event | null>();
  for (const { event } of entries) {
    if (event?.kind === 'message_withdrawn') left.set(event.message, null);
    else if (event?.kind === 'entry_redacted') left.set(event.seq, event.left ?? null);
    else continue;
    event.versions?.forEach((seq) => left.set(seq, null));
  }
  if (left.size === 0) return entries;
  return entries.map((e) => {
    const event = left.get(e.seq);
    return event === undefined || e.event === null ? e : { ...e, event };
  });
}
