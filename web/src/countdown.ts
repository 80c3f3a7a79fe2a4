/**
 * Time left until a deadline, on the server's clock.
 *
 * Pure: clocks and times are arguments. `local` is any monotonic clock of the browser in
 * milliseconds (we use `performance.now()`, which a person cannot set); `server` is the server's
 * time in milliseconds since 1970. A device whose clock is ten minutes off counts down right.
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Estimates (server clock - local clock) from the times the server mentions.
 *
 * A time that answers something we sent has a round trip: the truth lies within half of it, so
 * the smallest round trip is the best. A time that merely arrives was true some unknown delay
 * ago, so it can only be too small: it pushes the estimate up at once, and pulls it down only
 * when two in a row are far below what the estimate allows (a clock was set back).
 */
export class ServerClock {
  /** Milliseconds to add to the local clock; null until the server mentioned a time. */
  offset: number | null = null;
  private slack = Infinity;
  private taken = 0;
  private below = 0;

  observe(server: number, local: number, roundTrip?: number): void {
    if (!Number.isFinite(server)) return;
    const bound = server - local;
    if (roundTrip !== undefined && roundTrip >= 0) {
      const half = roundTrip / 2;
      if (this.offset === null || half <= this.slackAt(local)) this.take(bound + half, half, local);
      return;
    }
    if (this.offset === null) {
      this.take(bound, Infinity, local);
    } else if (bound > this.offset) {
      this.below = 0;
      this.take(bound, this.slack, local);
    } else if (this.offset - bound > TOLERANCE) {
      this.below += 1;
      if (this.below >= 2) this.take(bound, Infinity, local);
    } else {
      this.below = 0;
    }
  }

  /** The server's time at this local time. Without any word of the server: the wall clock. */
  now(local: number): number {
    return this.offset === null ? Date.now() : local + this.offset;
  }

  private take(offset: number, slack: number, local: number): void {
    this.offset = offset;
    this.slack = slack;
    this.taken = local;
    this.below = 0;
  }

  /** Crystals drift: an old estimate is worth less, about 50 parts in a million. */
  private slackAt(local: number): number {
    return this.slack + Math.abs(local - this.taken) * 50e-6;
  }
}

/** A delay longer than this is taken for a clock that was set back, not for a slow network. */
const TOLERANCE = 1500;

export interface Remaining {
  ms: number;
  days: number;
  hours: number;
  minutes: number;
  seconds: number;
}

/** Time left, cut into parts. Rounded up to a whole second, so it shows 0 only at zero. */
export function remaining(due: number, now: number): Remaining {
  const ms = Math.max(0, due - now);
  const whole = Math.ceil(ms / SECOND);
  return {
    ms,
    days: Math.floor(whole / 86_400),
    hours: Math.floor((whole % 86_400) / 3600),
    minutes: Math.floor((whole % 3600) / 60),
    seconds: whole % 60,
  };
}

/** The part of the window that is still left, 1 to 0. */
export function share(start: number, due: number, now: number): number {
  if (due <= start) return 0;
  return Math.min(1, Math.max(0, (due - now) / (due - start)));
}

export type Urgency = 'calm' | 'soon' | 'urgent' | 'over';

/** How loud the countdown looks: the last tenth or hour is urgent, the last quarter is soon. */
export function urgency(start: number, due: number, now: number): Urgency {
  const left = due - now;
  if (left <= 0) return 'over';
  const part = share(start, due, now);
  if (left <= 10 * MINUTE || (left <= HOUR && part <= 0.25)) return 'urgent';
  if (left <= HOUR || part <= 0.25) return 'soon';
  return 'calm';
}

export interface Segment {
  value: string;
  unit: string;
}

export interface Units {
  day: string;
  hour: string;
  minute: string;
  second: string;
}

/**
 * What a big display shows: two to four parts, the largest first. Seconds appear in the last
 * day only; before that they would be noise.
 */
export function segments(left: Remaining, units: Units): Segment[] {
  const two = (n: number): string => String(n).padStart(2, '0');
  if (left.days > 0) {
    return [
      { value: String(left.days), unit: units.day },
      { value: two(left.hours), unit: units.hour },
      { value: two(left.minutes), unit: units.minute },
    ];
  }
  const tail = [
    { value: left.hours > 0 ? two(left.minutes) : String(left.minutes), unit: units.minute },
    { value: two(left.seconds), unit: units.second },
  ];
  return left.hours > 0 ? [{ value: String(left.hours), unit: units.hour }, ...tail] : tail;
}

/** A length of time in words of the language, two parts at most: "1 day, 3 hours". */
export function inWords(ms: number, language: string): string {
  const whole = Math.ceil(Math.max(0, ms) / SECOND);
  const parts: [number, string][] = [
    [Math.floor(whole / 86_400), 'day'],
    [Math.floor((whole % 86_400) / 3600), 'hour'],
    [Math.floor((whole % 3600) / 60), 'minute'],
    [whole % 60, 'second'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  const shown = first < 0 ? [[0, 'second'] as const] : parts.slice(first, first + 2);
  const words = shown
    .filter(([n], i) => n > 0 || i === 0)
    .map(([n, unit]) =>
      new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(n),
    );
  return new Intl.ListFormat(language, { type: 'unit', style: 'long' }).format(words);
}

/** How long a call lasted or lasts: 0:07, 12:31, 1:02:09. */
export function clockFace(ms: number): string {
  const whole = Math.floor(Math.max(0, ms) / SECOND);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** At these times left a screen reader is told; never every second. */
export const MARKS = [DAY, 6 * HOUR, HOUR, 10 * MINUTE, MINUTE] as const;

/**
 * The mark passed between two looks at the clock, the nearest to zero if several were (a laptop
 * that slept); null if none was, or on the first look.
 */
export function passed(before: number | null, left: number): number | null {
  if (before === null || left <= 0) return null;
  let found: number | null = null;
  for (const mark of MARKS) if (before > mark && left <= mark) found = mark;
  return found;
}
