/** How far each member has received and read; tells the server how far this screen has. */
import type { ReadMark, Telling } from './protocol.js';

const TELL_EVERY = 1_000;

export type Mark = 'mark' | 'received';
type Timer = ReturnType<typeof setTimeout>;

export class Watermarks {
  private marks = new Map<string, ReadMark>();
  private readonly told: Record<Mark, number> = { mark: 0, received: 0 };
  private readonly after: Record<Mark, number> = { mark: -Infinity, received: -Infinity };
  private readonly timers: Partial<Record<Mark, Timer>> = {};

  constructor(
    private readonly local: () => number,
    /** False if nothing can be told now. */
    private readonly tell: (t: Mark, seq: number) => boolean,
  ) {}

  /**
   * Take in what the server says; a watermark never falls. `anew`: it is all the server knows.
   * What we told beyond that went into a line that broke, and is told again.
   */
  heard(marks: readonly ReadMark[], me: string | undefined, anew = false): void {
    if (anew) {
      this.marks = new Map();
      this.told.mark = this.told.received = 0;
    }
    for (const { person, read, delivered } of marks) {
      const known = this.marks.get(person);
      const both = Math.max(read, known?.read ?? 0);
      this.marks.set(person, { person, read: both, delivered: Math.max(delivered ?? 0, both, known?.delivered ?? 0) });
    }
    const mine = this.marks.get(me ?? '');
    if (mine) {
      this.told.mark = Math.max(this.told.mark, mine.read);
      this.told.received = Math.max(this.told.received, mine.delivered);
    }
  }

  read(person: string): number {
    return this.marks.get(person)?.read ?? 0;
  }

  delivered(person: string): number {
    return this.marks.get(person)?.delivered ?? 0;
  }

  /** Everything up to `seq()` was read or has arrived here: say so, once a second at most. */
  reached(what: Mark, seq: () => number): void {
    if (seq() <= this.told[what] || this.timers[what] !== undefined) return;
    const wait = Math.max(0, this.after[what] - this.local());
    this.timers[what] = setTimeout(() => {
      delete this.timers[what];
      const now = seq();
      if (now <= this.told[what] || !this.tell(what, now)) return;
      this.told[what] = now;
      if (what === 'mark') this.told.received = Math.max(this.told.received, now);
      this.after[what] = this.local() + TELL_EVERY;
    }, wait);
  }

  /** The history is another one: what was told no longer counts. */
  forget(): void {
    this.told.mark = this.told.received = 0;
  }

  close(): void {
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
  }
}

/** The frame that tells a watermark. */
export function marking(t: Mark, order: string, seq: number): Telling {
  return { t, order, seq };
}
