/**
 * What was asked and not answered yet. It outlives sockets; messages outlive the page too.
 *
 * Pure but for the storage it is handed. The promise: an ask goes out again, with the same id and
 * the same content, on every new socket until it is answered, refused for good, withdrawn or too
 * old to make sense. Messages of one order go out one at a time, so they cannot overtake each
 * other when one has to be tried again.
 */
import type { Asking, Refused, Reply, SecretKind } from './protocol.js';

export type Refusal = Pick<Refused, 'code' | 'text' | 'facts'>;

/** The server said no. `frame.text` is a sentence for the reader. */
export class RefusedError extends Error {
  constructor(readonly frame: Refusal) {
    super(frame.text || frame.code);
    this.name = 'RefusedError';
  }
}

/** What was seen in refused words that may be sent knowingly; null if that is not why. */
export function seenSecrets(error: unknown): readonly SecretKind[] | null {
  if (!(error instanceof RefusedError) || error.frame.code !== 'secret_seen') return null;
  return String(error.frame.facts['kinds'] ?? '').split(',').filter(Boolean) as SecretKind[];
}

/** No answer came in the time in which the answer would have been of use. */
export class TooLateError extends Error {
  constructor() {
    super('too late');
    this.name = 'TooLateError';
  }
}

export interface Ask {
  readonly frame: Asking;
  /** Who wrote it; null if it was written before we knew. */
  readonly person: string | null;
  /** Local time after which it is dropped. */
  readonly expires: number;
  readonly reply: Promise<Reply>;
  /** Whether it is on the way over the present socket. */
  sent: boolean;
  /** When it was sent there (local time). */
  sentAt: number;
  /** How often it was put off, and until when (local time). */
  tries: number;
  notBefore: number;
  /** Why the server refused this message for good: it waits for its writer to try again or drop it. */
  refused: Refusal | null;
  /** Told that the server wants it later: why, and when it goes out again (local time). */
  held: (refused: Refusal, until: number) => void;
  settle(answer: Reply | Error): void;
}

/** The part of `Storage` we use; private windows may throw at any of it. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** A message as it is kept through a reload. */
interface Shelved {
  frame: Asking;
  person: string | null;
  refused?: Refusal;
}

const PUT_OFF = new Set(['rate_exceeded', 'unavailable', 'too_many_open']);
/** Asks that nobody waits for with a button, or that are meant however late they arrive. */
const PATIENT: ReadonlySet<Asking['t']> = new Set([
  'message.send', 'history', 'call.offer', 'call.decline', 'call.hang_up', 'reaction.add', 'reaction.remove',
]);
const MAX_TRIES = 8;
/** No refusal that we heed asks for more patience than this. */
const LONGEST_PAUSE = 120_000;

/** Milliseconds to wait before asking again after this refusal; null if it is final. */
export function putOff(ask: Ask, refused: Pick<Refused, 'code' | 'facts'>, random: number): number | null {
  if (!PATIENT.has(ask.frame.t)) return null;
  // who writes too fast loses no word: it goes out when there is room, however long that takes
  const flooded = refused.code === 'rate_exceeded' && ask.frame.t === 'message.send';
  if (ask.tries >= MAX_TRIES && !flooded) return null;
  return pauseAfter(refused, random, 2 ** Math.min(ask.tries, MAX_TRIES));
}

/** Milliseconds after which what was refused may be possible, `usual` seconds if the server does not say; null if never. */
export function pauseAfter(refused: Pick<Refused, 'code' | 'facts'>, random: number, usual: number): number | null {
  if (!PUT_OFF.has(refused.code)) return null;
  const told = refused.facts['retry_after'];
  const seconds = typeof told === 'number' && told > 0 ? told : usual;
  return Math.min(LONGEST_PAUSE, seconds * 1000) + Math.min(30_000, seconds * 1000) * random * 0.25;
}

export class Outbox {
  private readonly asks = new Map<string, Ask>();

  constructor(
    private readonly shelf: Shelf | null,
    private readonly key: string,
  ) {
    for (const { frame, person, refused } of this.read()) {
      this.add(frame, person, Infinity);
      if (refused) this.settle(frame.id, new RefusedError(refused));
    }
  }

  add(frame: Asking, person: string | null, expires: number): Ask {
    const known = this.asks.get(frame.id);
    if (known && !known.refused) return known;
    this.asks.delete(frame.id); // tried again, it goes after what was written since
    let settle: Ask['settle'] = () => undefined;
    const reply = new Promise<Reply>((resolve, reject) => {
      settle = (answer) => (answer instanceof Error ? reject(answer) : resolve(answer));
    });
    reply.catch(() => undefined); // whoever cares has a handler of their own
    const ask: Ask = {
      frame, person, expires, reply, settle, sent: false, sentAt: 0, tries: 0, notBefore: 0, refused: null,
      held: () => undefined,
    };
    this.asks.set(frame.id, ask);
    this.write();
    return ask;
  }

  get(id: string): Ask | undefined {
    return this.asks.get(id);
  }

  /**
   * Take an ask out and give its answer to whoever waits. Unknown ids are none of our business.
   * A refused message stays until it is tried again or withdrawn: its room may not be on the screen.
   */
  settle(id: string, answer: Reply | Error): void {
    const ask = this.asks.get(id);
    if (!ask) return;
    if (answer instanceof RefusedError && ask.frame.t === 'message.send') {
      ask.refused = answer.frame;
      ask.sent = false;
    } else {
      this.asks.delete(id);
    }
    this.write();
    ask.settle(answer);
  }

  /** Messages of an order that still have to go out or were refused, oldest first. */
  messages(order: string, person: string | null): Ask[] {
    return [...this.asks.values()].filter(
      (ask) => ask.frame.t === 'message.send' && ask.frame.order === order && theirs(ask, person),
    );
  }

  /** Whether a message of the person would be lost with this tab. */
  holds(person: string | null): boolean {
    return [...this.asks.values()].some((ask) => ask.frame.t === 'message.send' && !ask.refused && theirs(ask, person));
  }

  /** What should be sent now over an open socket. The caller sets `sent` once it is. */
  due(person: string, now: number): Ask[] {
    const taken = new Set<string>();
    const found: Ask[] = [];
    for (const ask of [...this.asks.values()]) {
      if (ask.refused || !theirs(ask, person)) continue;
      if (ask.expires <= now && !ask.sent) {
        this.settle(ask.frame.id, new TooLateError());
        continue;
      }
      if (ask.frame.t === 'message.send') {
        if (taken.has(ask.frame.order)) continue;
        taken.add(ask.frame.order);
      }
      if (!ask.sent && ask.notBefore <= now) found.push(ask);
    }
    return found;
  }

  /** When the oldest that is on its way was sent; null if there is none. */
  waitingSince(): number | null {
    const sent = [...this.asks.values()].filter((ask) => ask.sent).map((ask) => ask.sentAt);
    return sent.length > 0 ? Math.min(...sent) : null;
  }

  /** The socket is gone: whatever was on its way may or may not have arrived. */
  interrupted(): void {
    for (const ask of this.asks.values()) ask.sent = false;
  }

  private write(): void {
    if (!this.shelf) return;
    const kept = [...this.asks.values()]
      .filter((ask) => ask.frame.t === 'message.send')
      .map(({ frame, person, refused }): Shelved => ({ frame, person, ...(refused ? { refused } : {}) }));
    try {
      if (kept.length > 0) this.shelf.setItem(this.key, JSON.stringify(kept));
      else this.shelf.removeItem(this.key);
    } catch {
      // a full or forbidden storage costs us the reload, not the message
    }
  }

  private read(): Shelved[] {
    try {
      const kept: unknown = JSON.parse(this.shelf?.getItem(this.key) ?? '[]');
      return Array.isArray(kept) ? kept.filter(isMessage) : [];
    } catch {
      return [];
    }
  }
}

function theirs(ask: Ask, person: string | null): boolean {
  return ask.person === null || person === null || ask.person === person;
}

function isMessage(kept: unknown): kept is Shelved {
  const frame = (kept as { frame?: Partial<Asking> } | null)?.frame;
  return (
    frame?.t === 'message.send' &&
    typeof frame.id === 'string' &&
    typeof frame.order === 'string' &&
    typeof frame.text === 'string'
  );
}
