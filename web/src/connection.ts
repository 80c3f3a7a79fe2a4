/**
 * One WebSocket for all orders of one person, kept alive.
 *
 * The promises: there is never more than one socket; after any interruption every followed order
 * is taken up from its own position and every unanswered ask is repeated with its id; a line that
 * went dead without closing is noticed by missing pings. What cannot get better by trying again
 * (close codes 4100-4199) stops, and says why.
 */
import { ServerClock } from './countdown.js';
import { Files, serverOf } from './files.js';
import { merged } from './inbox.js';
import { Outbox, putOff, RefusedError, type Ask, type Shelf } from './outbox.js';
import {
  Close,
  VERSION,
  type Asking,
  type Inbound,
  type InboxLine,
  type Outbound,
  type Refused,
  type Reply,
  type Telling,
  type Welcome,
} from './protocol.js';

/** Fetches a bearer token for the person; asked again before each connection and refresh. */
export type TokenProvider = () => Promise<string>;

/** A provider throws this when asking again is pointless: the person must sign in. */
export class TokenRefused extends Error {
  override name = 'TokenRefused';
}

export type Status = 'connecting' | 'online' | 'offline' | 'stopped';

/** Whoever shows an order. */
export interface Follower {
  /** Where to resume; null for the newest page. */
  position(): { after: number; link: string | null } | null;
  frame(frame: Outbound): void;
  status(): void;
}

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
  shelf?: Shelf | null;
  open?: (url: string) => Socket;
  random?: () => number;
  /** A clock nobody can set, in milliseconds. */
  local?: () => number;
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

export class Connection {
  status: Status = 'connecting';
  welcome: Welcome | null = null;
  /** All orders of the person, as far as we heard; null before the first welcome. */
  lines: readonly InboxLine[] | null = null;
  /** Why it stopped. */
  refusal: Pick<Refused, 'code' | 'text' | 'facts'> | null = null;
  /** When we try again, on the local clock; null while a socket is open or opening. */
  nextTry: number | null = null;
  readonly clock = new ServerClock();
  readonly local: () => number;

  private readonly outbox: Outbox;
  private readonly followers = new Map<string, Set<Follower>>();
  private readonly watchers = new Set<() => void>();
  private readonly asked = new Map<string, { head: number; since: number }>();
  private readonly random: () => number;
  private socket: Socket | null = null;
  private lastHeard = 0;
  private attempt = 0;
  private tokenTries = 0;
  private timers: { retry?: Timer; renew?: Timer; hello?: Timer; look?: Timer } = {};
  private generation = 0;
  private spoken: Refused | null = null;

  constructor(private readonly options: Options) {
    this.local = options.local ?? (() => performance.now());
    this.random = options.random ?? Math.random;
    this.outbox = new Outbox(options.shelf ?? null, `order-room:outbox:${options.url}`);
  }

  // --- for whoever shows an order ----------------------------------------------------------

  /** Follow an order; the first follower of all opens the socket, the last one closes it. */
  follow(order: string, follower: Follower): () => void {
    const group = this.followers.get(order) ?? new Set();
    const first = this.unused;
    this.followers.set(order, group.add(follower));
    if (first) this.begin();
    else if (this.status === 'online') this.subscribe(order, follower);
    return () => {
      group.delete(follower);
      if (group.size > 0) return;
      this.followers.delete(order);
      this.tell({ t: 'unsubscribe', order });
      if (this.unused) this.end();
    };
  }

  /** Keep the list of orders in view: `changed` is called when it or the line changed. */
  watch(changed: () => void): () => void {
    const first = this.unused;
    this.watchers.add(changed);
    if (first) this.begin();
    return () => {
      this.watchers.delete(changed);
      if (this.unused) this.end();
    };
  }

  private get unused(): boolean {
    return this.followers.size === 0 && this.watchers.size === 0;
  }

  /** Ask until answered. `within` drops it after so many ms; aborting `signal` withdraws it. */
  ask<R extends Reply>(frame: Asking, hints: { within?: number; signal?: AbortSignal } = {}): Promise<R> {
    const expires = hints.within === undefined ? Infinity : this.local() + hints.within;
    const ask = this.outbox.add(frame, this.welcome?.person ?? null, expires);
    const withdraw = (): void => this.outbox.settle(frame.id, new DOMException('', 'AbortError'));
    hints.signal?.addEventListener('abort', withdraw, { once: true });
    this.flush();
    return ask.reply as Promise<R>;
  }

  /** Messages that wait for the server, also those from before a reload. */
  unsent(order: string): Ask[] {
    return this.outbox.messages(order, this.welcome?.person ?? null);
  }

  withdraw(id: string): void {
    this.outbox.settle(id, new DOMException('', 'AbortError'));
  }

  /** Say something that is worth nothing later. False if no line is open. */
  tell(frame: Telling): boolean {
    if (this.status !== 'online') return false;
    this.send(frame);
    return true;
  }

  /** Sends and fetches files for the person of this line. */
  files(): Files {
    return new Files(serverOf(this.options.url), this.options.token, this.options.language);
  }

  /** The server's time now, in milliseconds since 1970. */
  now(): number {
    return this.clock.now(this.local());
  }

  /** Take an order up again from its position: there is a gap, or news did not come. */
  resume(order: string): void {
    if (this.status !== 'online') return;
    for (const follower of this.followers.get(order) ?? []) this.subscribe(order, follower);
  }

  /** Try now instead of later; also after it stopped (a person pressed the button). */
  retry(): void {
    if (this.status === 'online' || this.socket || this.unused) return;
    this.tokenTries = 0;
    this.refusal = null;
    void this.open();
  }

  // --- the life of the line ----------------------------------------------------------------

  private begin(): void {
    globalThis.addEventListener?.('online', this.awake);
    globalThis.addEventListener?.('offline', this.cut);
    globalThis.addEventListener?.('pageshow', this.awake);
    globalThis.document?.addEventListener('visibilitychange', this.awake);
    this.timers.look = setInterval(() => this.look(), LOOK_EVERY);
    void this.open();
  }

  private end(): void {
    globalThis.removeEventListener?.('online', this.awake);
    globalThis.removeEventListener?.('offline', this.cut);
    globalThis.removeEventListener?.('pageshow', this.awake);
    globalThis.document?.removeEventListener('visibilitychange', this.awake);
    this.drop(1000);
    for (const timer of Object.values(this.timers)) clearTimeout(timer);
    this.timers = {};
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
    if (mine !== this.generation || this.unused) return;
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

  /** Let go of the socket without waiting for it: a half-open one may take minutes to close. */
  private drop(code: number): void {
    this.generation += 1;
    clearTimeout(this.timers.retry);
    clearTimeout(this.timers.renew);
    clearTimeout(this.timers.hello);
    const socket = this.socket;
    this.socket = null;
    this.asked.clear();
    this.outbox.interrupted();
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

  private lost(): void {
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

  private stop(refusal: Pick<Refused, 'code' | 'text' | 'facts'>): void {
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

  /** Once a second: is the line dead, has something waited long enough, did news not come? */
  private look(patience = 3): void {
    if (this.status !== 'online' || !this.welcome) return;
    const now = this.local();
    if (now - this.lastHeard > patience * this.welcome.ping_every * 1000) return void this.open();
    for (const [order, { since }] of this.asked) {
      if (now - since < 2_000) continue;
      this.asked.delete(order);
      this.resume(order);
    }
    this.flush();
  }

  private turn(status: Status): void {
    this.status = status;
    for (const group of this.followers.values()) for (const follower of group) follower.status();
    for (const changed of this.watchers) changed();
  }

  // --- frames ------------------------------------------------------------------------------

  private send(frame: Inbound): void {
    this.socket?.send(JSON.stringify(frame));
  }

  private subscribe(order: string, follower: Follower): void {
    const from = follower.position();
    const epoch = this.welcome?.epoch;
    this.send({
      t: 'subscribe',
      order,
      ...(from === null ? {} : { after: from.after }),
      ...(from?.link ? { link: from.link } : {}),
      ...(epoch === undefined ? {} : { epoch }),
    });
  }

  private flush(): void {
    if (this.status !== 'online' || !this.welcome) return;
    for (const ask of this.outbox.due(this.welcome.person, this.local())) {
      ask.sent = true;
      this.send(ask.frame);
    }
  }

  private heard(data: string, asked: number): void {
    let frame: Outbound;
    try {
      frame = JSON.parse(data) as Outbound;
    } catch {
      return; // not ours; the next ping decides whether the line is good
    }
    const now = this.local();
    this.lastHeard = now;
    switch (frame.t) {
      case 'welcome':
        return this.welcomed(frame, now, asked);
      case 'refreshed':
        return this.renewLater(frame.token_ends);
      case 'ping':
        this.clock.observe(Date.parse(frame.now), now);
        this.send({ t: 'pong', n: frame.n });
        this.compare(frame.heads, now);
        return this.pass(frame);
      case 'situation':
        this.clock.observe(Date.parse(frame.situation.now), now);
        return this.pass(frame, frame.situation.order);
      case 'move':
        clearTimeout(this.timers.retry);
        this.timers.retry = setTimeout(() => void this.open(), frame.delay * 1000);
        return;
      case 'done':
      case 'page':
      case 'answer':
        this.outbox.settle(frame.id, frame);
        return this.flush();
      case 'refused':
        return this.refused(frame, now);
      case 'inbox':
        this.lines = merged(this.lines ?? [], frame.lines);
        for (const changed of this.watchers) changed();
        return;
      default:
        return this.pass(frame, frame.order);
    }
  }

  private welcomed(frame: Welcome, now: number, asked: number): void {
    clearTimeout(this.timers.hello);
    this.clock.observe(Date.parse(frame.now), now, now - asked);
    this.welcome = frame;
    this.lines = frame.inbox;
    this.attempt = 0;
    this.tokenTries = 0;
    this.spoken = null;
    this.renewLater(frame.token_ends);
    this.turn('online');
    this.pass(frame);
    for (const [order, group] of this.followers) for (const one of group) this.subscribe(order, one);
    this.flush();
  }

  private refused(frame: Refused, now: number): void {
    const ask = frame.id ? this.outbox.get(frame.id) : undefined;
    if (!ask) {
      this.spoken = frame;
      return frame.order ? this.pass(frame, frame.order) : undefined;
    }
    const wait = putOff(ask, frame, this.random());
    if (wait === null) {
      this.outbox.settle(ask.frame.id, new RefusedError(frame));
      return this.flush();
    }
    ask.sent = false;
    ask.tries += 1;
    ask.notBefore = now + wait;
  }

  /** Heads in a ping are hints: if we are behind and nothing comes in two seconds, ask. */
  private compare(heads: Readonly<Record<string, number>>, now: number): void {
    for (const [order, head] of Object.entries(heads)) {
      const group = this.followers.get(order);
      const behind = [...(group ?? [])].some((one) => (one.position()?.after ?? 0) < head);
      if (!behind) this.asked.delete(order);
      else if (!this.asked.has(order)) this.asked.set(order, { head, since: now });
    }
  }

  private renewLater(ends: string): void {
    clearTimeout(this.timers.renew);
    const life = Date.parse(ends) - this.now();
    if (!Number.isFinite(life)) return;
    const wait = Math.min(renewIn(life), 0x7fffffff);
    this.timers.renew = setTimeout(() => void this.renew(), wait);
  }

  private async renew(): Promise<void> {
    const mine = this.generation;
    try {
      const token = await within(TOKEN_PATIENCE, this.options.token());
      if (mine === this.generation) this.tell({ t: 'refresh', token });
    } catch {
      if (mine === this.generation) this.timers.renew = setTimeout(() => void this.renew(), 5_000);
    }
  }

  private pass(frame: Outbound, order?: string): void {
    const groups = order === undefined ? this.followers.values() : [this.followers.get(order) ?? []];
    for (const group of groups) for (const follower of group) follower.frame(frame);
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

const shared = new Map<TokenProvider, Map<string, Connection>>();

/** The connection of this page for this person: elements with the same provider share it. */
export function connectionFor(url: string, token: TokenProvider, language: string): Connection {
  const own = shared.get(token) ?? new Map<string, Connection>();
  shared.set(token, own);
  const key = `${language} ${url}`;
  const found = own.get(key);
  if (found) return found;
  let shelf: Shelf | null = null;
  try {
    shelf = globalThis.sessionStorage;
  } catch {
    // storage is forbidden here
  }
  const made = new Connection({ url, token, language, shelf });
  own.set(key, made);
  return made;
}
