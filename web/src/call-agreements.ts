/** What the two agree on around a call. Pure: the room's entries and situation in, what is shown out. */
import type { Entry, Proposal, Situation } from './protocol.js';

/** How many times to talk one proposal offers at most. */
export const TIMES = 3;
export const POINT_MAX = 200;
/** A proposed time lies at least so far ahead; the server says ten minutes. */
const LEAST_AHEAD = 15 * 60_000;
const FIRST_HOUR = 9;
const LAST_HOUR = 18;

/** The last call in which somebody talked, if it is among these entries. */
export function lastTalk(entries: readonly Entry[]): string | null {
  const answered = new Set<string>();
  let last: string | null = null;
  for (const { event } of entries) {
    if (event?.kind === 'call_answered') answered.add(event.call);
    if (event?.kind === 'call_ended' && answered.has(event.call)) last = event.call;
  }
  return last;
}

/** What waits for an answer around calls: times to talk first, then points, oldest first. */
export function waiting(situation: Situation): { talks: readonly Proposal[]; points: readonly Proposal[] } {
  const all = situation.proposals ?? [];
  return { talks: all.filter((p) => p.kind === 'talk'), points: all.filter((p) => p.kind === 'point') };
}

/** Which points these entries answer already; the situation may come a moment later. */
export function answered(entries: readonly Entry[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { event } of entries) {
    if (event?.kind === 'brief_item_agreed' || event?.kind === 'point_dropped') found.add(event.proposal);
  }
  return found;
}

/** What both confirmed of a call's minutes, in the order in which they did. */
export function confirmed(entries: readonly Entry[], call: string): readonly string[] {
  const noted = new Set<number>();
  const points: string[] = [];
  for (const { seq, event } of entries) {
    if (event?.kind === 'point_noted' && event.call === call) noted.add(seq);
    if (event?.kind === 'brief_item_agreed' && noted.has(event.proposal)) points.push(event.label);
  }
  return points;
}

/** Three times that most people can make: the next full hours of working days, apart from each other. */
export function suggested(now: number): readonly number[] {
  const at = new Date(now + LEAST_AHEAD);
  at.setMinutes(0, 0, 0);
  at.setHours(at.getHours() + 1);
  const found: number[] = [];
  while (found.length < TIMES) {
    const hour = at.getHours();
    const weekend = at.getDay() === 0 || at.getDay() === 6;
    if (!weekend && hour >= FIRST_HOUR && hour <= LAST_HOUR) {
      found.push(at.getTime());
      at.setHours(hour + (found.length % 2 === 1 ? 3 : 17));
    } else {
      at.setHours(hour + 1);
    }
  }
  return found;
}

/** A moment as an `<input type="datetime-local">` has it: local time without a zone. */
export function localValue(at: number): string {
  const d = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}
