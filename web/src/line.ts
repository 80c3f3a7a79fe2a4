/**
 * One WebSocket, kept alive: opened, signed in, watched, and opened again after it was lost.
 *
 * The promises: there is never more than one socket; a line that went dead without closing is
 * noticed by missing pings. What cannot get better by trying again (close codes 4100-4199)
 * stops, and says why. What is said over the line is its owner's business.
 */
import { Close, VERSION, type Inbound, type Outbound, type Refused, type Welcome } from './protocol.js';

/** Fetches a bearer token for the person; asked again before each connection and refresh. */
export type TokenProvider = () => Promise<string>;

/** A provider throws this when asking again is pointless: the person must sign in. */
export class TokenRefused extends Error {
  override name = 'TokenRefused';
}

export type Status = 'connecting' | 'online' | 'offline' | 'stopped';
export type Refusal = Pick<Refused, 'code' | 'text' | 'facts'>;

/** What we use of a WebSocket. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface Options {
  url: string;
  token: TokenProvider;
  language: string;
  open?: (url: string) => Socket;
  random?: () => number;
  /** A clock nobody can set, in milliseconds. */
  local?: () => number;
}

/** Whoever the line belongs to. */
export interface Owner {
  /** A frame arrived; `asked` is the local time at which the socket opened. */
  heard(frame: Outbound, asked: number): void;
  /** The status changed. */
  turned(): void;
  /** The socket is gone: whatever was on its way may or may not have arrived. */
  dropped(): void;
  /** A second passed on a line that is up. */
  looked(now: number): void;
  /** Whether anybody still needs the line. */
  wanted(): boolean;
}

const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 20_000;
const HELLO_PATIENCE = 10_000;
const TOKEN_PATIENCE = 10_000;
const LOOK_EVERY = 1_000;

/** Full jitter: anything up to the bound, so that a thousand browsers do not come back at once. */
export function pause(attempt: number, random: number): number {
  return random * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(attempt, 10));
}

/** Whether to come back after this close code. */
export function comesBack(code: number): boolean {
  return code < 4100 || code > 4199;
}

/** Whether a new token may be what is missing. */
export function wantsToken(code: number): boolean {
  return code === Close.TOKEN_ENDED || code === Close.TOKEN_REFUSED;
}

/** Milliseconds until a token should be renewed: a fifth of its life, at most a minute, before. */
export function renewIn(life: number): number {
  return Math.max(1_000, life - Math.min(60_000, life / 5));
}

export class Line {
  status: Status = 'connecting';
  /** Why it stopped. */
  refusal: Refusal | null = null;
  /** When we try again, on the local clock; null while a socket is open or opening. */
  nextTry: number | null = null;
  /** What the server said last that answered nothing; it names why it closes next. */
  spoken: Refused | null = null;
  readonly local: () => number;
  readonly random: () => number;

  private socket: Socket | null = null;
  private pingEvery = 0;
  private lastHeard = 0;
  private attempt = 0;
  private tokenTries = 0;
  private timers: { retry?: Timer; renew?: Timer; hello?: Timer; look?: Timer } = {};
  private generation = 0;

  constructor(
    private readonly options: Options,
    private readonly owner: Owner,
  ) {
    this.local = options.local ?? (() => performance.now());
    this.random = options.random ?? Math.random;
  }

  begin(): void {
    globalThis.addEventListener?.('online', this.awake);
    globalThis.addEventListener?.('offline', this.cut);
    globalThis.addEventListener?.('pageshow', this.awake);
    globalThis.document?.addEventListener('visibilitychange', this.awake);
    this.timers.look = setInterval(() => this.look(), LOOK_EVERY);
    void this.open();
  }

  end(): void {
    globalThis.removeEventListener?.('online', this.awake);
    globalThis.removeEventListener?.('offline', this.cut);
    globalThis.removeEventListener?.('pageshow', this.awake);
    globalThis.document?.removeEventListener('visibilitychange', this.awake);
    this.drop(1000);
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.timers = {};
  }

  /** Try now instead of later; also after it stopped (a person pressed the button). */
  retry(): void {
    if (this.status === 'online' || this.socket || !this.owner.wanted()) return;
    this.tokenTries = 0;
    this.refusal = null;
    void this.open();
  }

  send(frame: Inbound): void {
    this.socket?.send(JSON.stringify(frame));
  }

  /** The server knows us: the line is up. */
  welcomed(frame: Welcome, now: number): void {
    clearTimeout(this.timers.hello);
    this.pingEvery = frame.ping_every;
    this.attempt = 0;
    this.tokenTries = 0;
    this.spoken = null;
    this.renewLater(frame.token_ends, now);
    this.turn('online');
  }

  /** Bring a new token before this one ends; `now` is the server's time in milliseconds. */
  renewLater(ends: string, now: number): void {
    clearTimeout(this.timers.renew);
    const life = Date.parse(ends) - now;
    if (!Number.isFinite(life)) return;
    const wait = Math.min(renewIn(life), 0x7fffffff);
    this.timers.renew = setTimeout(() => void this.renew(), wait);
  }

  /** The server asks us to come back on another socket in so many milliseconds. */
  move(delay: number): void {
    clearTimeout(this.timers.retry);
    this.timers.retry = setTimeout(() => void this.open(), delay);
  }

  private async open(): Promise<void> {
    this.drop(Close.RESTART);
    const mine = ++this.generation;
    this.nextTry = null;
    this.turn('connecting');
    let token: string;
    try {
      token = await within(TOKEN_PATIENCE, this.options.token());
    } catch (error) {
      if (mine !== this.generation) return;
      if (error instanceof TokenRefused) this.stop({ code: 'token_refused', text: error.message, facts: {} });
      else this.later();
      return;
    }
    if (mine !== this.generation || !this.owner.wanted()) return;
    const open = this.options.open ?? ((url: string) => new WebSocket(url) as Socket);
    const socket = open(this.options.url);
    this.socket = socket;
    let asked = 0;
    this.timers.hello = setTimeout(() => this.lost(), HELLO_PATIENCE);
    socket.onopen = () => {
      asked = this.local();
      this.send({ t: 'hello', token, version: VERSION, language: this.options.language });
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === 'string') this.heard(data, asked);
    };
    socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  private heard(data: string, asked: number): void {
    let frame: Outbound;
    try {
      frame = JSON.parse(data) as Outbound;
    } catch {
      return; // not ours; the next ping decides whether the line is good
    }
    this.lastHeard = this.local();
    this.owner.heard(frame, asked);
  }

  /** Let go of the socket without waiting for it: a half-open one may take minutes to close. */
  private drop(code: number): void {
    this.generation += 1;
    clearTimeout(this.timers.retry);
    clearTimeout(this.timers.renew);
    clearTimeout(this.timers.hello);
    const socket = this.socket;
    this.socket = null;
    this.owner.dropped();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    try {
      socket.close(code);
    } catch {
      // it was closed already
    }
  }

  private closed(code: number, reason: string): void {
    const spoken = this.spoken;
    if (comesBack(code)) return this.lost();
    if (wantsToken(code) && this.tokenTries < 1) {
      this.tokenTries += 1;
      void this.open();
      return;
    }
    this.stop(spoken ?? { code: `close_${code}`, text: reason, facts: {} });
  }

  /** When anything came over the line last, on the local clock. */
  get heardAt(): number {
    return this.lastHeard;
  }

  /** The line is dead, whatever the socket believes: come back on another. */
  lost(): void {
    this.drop(Close.SILENT);
    this.later();
  }

  private later(): void {
    const wait = pause(this.attempt, this.random());
    this.attempt += 1;
    this.nextTry = this.local() + wait;
    this.timers.retry = setTimeout(() => void this.open(), wait);
    this.turn('offline');
  }

  private stop(refusal: Refusal): void {
    this.drop(1000);
    this.refusal = refusal;
    this.turn('stopped');
  }

  private readonly awake = (): void => {
    if (globalThis.document?.visibilityState === 'hidden') return;
    if (this.status === 'offline') void this.open();
    else this.look(1.5);
  };

  private readonly cut = (): void => {
    if (this.status === 'online' || this.status === 'connecting') this.lost();
  };

  /** Once a second: is the line dead? */
  private look(patience = 3): void {
    if (this.status !== 'online') return;
    const now = this.local();
    if (now - this.lastHeard > patience * this.pingEvery * 1000) return void this.open();
    this.owner.looked(now);
  }

  private turn(status: Status): void {
    this.status = status;
    this.owner.turned();
  }

  private async renew(): Promise<void> {
    const mine = this.generation;
    try {
      const token = await within(TOKEN_PATIENCE, this.options.token());
      if (mine === this.generation && this.status === 'online') this.send({ t: 'refresh', token });
    } catch {
      if (mine === this.generation) this.timers.renew = setTimeout(() => void this.renew(), 5_000);
    }
  }
}

/** The promise's outcome, or a rejection if it takes longer than `ms`. */
function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no token in time')), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

type Timer = ReturnType<typeof setTimeout>;
