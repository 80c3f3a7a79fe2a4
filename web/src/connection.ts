/**
 * What one person hears and says about all their orders, over one line.
 *
 * The promises: after any interruption every followed order is taken up from its own position
 * and every unanswered ask is repeated with its id.
 */
import { ServerClock } from './countdown.js';
import { Files, serverOf } from './files.js';
import { merged } from './inbox.js';
import { Line, type Options, type Owner, type Refusal, type Status, type TokenProvider } from './line.js';
import { Outbox, pauseAfter, putOff, RefusedError, type Ask, type Shelf } from './outbox.js';
import type { Asking, InboxLine, Outbound, Preferences, Refused, Reply, Telling, Welcome } from './protocol.js';

/** Whoever shows an order. */
export interface Follower {
  /** Where to resume; null for the newest page. */
  position(): { after: number; link: string | null } | null;
  frame(frame: Outbound): void;
  status(): void;
}

/**
 * The server answers everything at once or says why not. If nothing at all came since something was
 * asked, the network changed under the line: a socket of the old one may hang for minutes.
 */
const UNANSWERED = 8_000;

export class Connection implements Owner {
  welcome: Welcome | null = null;
  /** All orders of the person, as far as we heard; null before the first welcome. */
  lines: readonly InboxLine[] | null = null;
  /** Orders that were taken away from the person while this page was open. */
  readonly gone = new Set<string>();
  readonly clock = new ServerClock();

  private readonly line: Line;
  private readonly outbox: Outbox;
  private readonly followers = new Map<string, Set<Follower>>();
  private readonly watchers = new Set<() => void>();
  private readonly asked = new Map<string, { head: number; since: number }>();
  private readonly later = new Map<string, ReturnType<typeof setTimeout>>();
  /** When each order was first asked for over this socket; null once it was answered. */
  private readonly opened = new Map<string, number | null>();

  constructor(private readonly options: Options & { shelf?: Shelf | null }) {
    this.line = new Line(options, this);
    this.outbox = new Outbox(options.shelf ?? null, `order-room:outbox:${options.url}`);
  }

  get status(): Status {
    return this.line.status;
  }

  /** Why it stopped. */
  get refusal(): Refusal | null {
    return this.line.refusal;
  }

  /** When we try again, on the local clock; null while a socket is open or opening. */
  get nextTry(): number | null {
    return this.line.nextTry;
  }

  get local(): () => number {
    return this.line.local;
  }

  // --- for whoever shows an order ----------------------------------------------------------

  /** Follow an order; the first follower of all opens the socket, the last one closes it. */
  follow(order: string, follower: Follower): () => void {
    const group = this.followers.get(order) ?? new Set();
    const first = this.unused;
    this.followers.set(order, group.add(follower));
    if (first) this.line.begin();
    else if (this.status === 'online') this.subscribe(order, follower);
    return () => {
      group.delete(follower);
      if (group.size > 0) return;
      this.followers.delete(order);
      this.tell({ t: 'unsubscribe', order });
      if (this.unused) this.line.end();
    };
  }

  /** Keep the list of orders in view: `changed` is called when it or the line changed. */
  watch(changed: () => void): () => void {
    const first = this.unused;
    this.watchers.add(changed);
    if (first) this.line.begin();
    return () => {
      this.watchers.delete(changed);
      if (this.unused) this.line.end();
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

  /** Messages that wait for the server or were refused, also those from before a reload. */
  unsent(order: string): Ask[] {
    return this.outbox.messages(order, this.welcome?.person ?? null);
  }

  /** Whether somebody who closes the tab now takes a message with them that nobody has. */
  get hasUnsent(): boolean {
    return this.outbox.holds(this.welcome?.person ?? null);
  }

  /** Hear of it when the server wants a message later. */
  whenHeld(id: string, held: Ask['held']): void {
    const ask = this.outbox.get(id);
    if (ask) ask.held = held;
  }

  /** Ask now what was put off; false if it is no longer to be asked. */
  hurry(id: string): boolean {
    const ask = this.outbox.get(id);
    if (!ask || ask.refused) return false;
    ask.notBefore = 0;
    this.flush();
    return true;
  }

  withdraw(id: string): void {
    this.outbox.settle(id, new DOMException('', 'AbortError'));
  }

  /** Say something that is worth nothing later. False if no line is open. */
  tell(frame: Telling): boolean {
    if (this.status !== 'online') return false;
    this.line.send(frame);
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
    this.line.retry();
  }

  // --- what the line tells -----------------------------------------------------------------

  wanted(): boolean {
    return !this.unused;
  }

  dropped(): void {
    this.asked.clear();
    this.opened.clear();
    this.outbox.interrupted();
  }

  turned(): void {
    for (const group of this.followers.values()) for (const follower of group) follower.status();
    for (const changed of this.watchers) changed();
  }

  /** Once a second: has something waited long enough, did news not come? */
  looked(now: number): void {
    for (const [order, { since }] of this.asked) {
      if (now - since < 2_000) continue;
      this.asked.delete(order);
      this.resume(order);
    }
    const since = this.outbox.waitingSince();
    if (since !== null && now - since > UNANSWERED && this.line.heardAt < since) return this.line.lost();
    this.flush();
  }

  heard(frame: Outbound, asked: number): void {
    const now = this.local();
    switch (frame.t) {
      case 'welcome':
        return this.welcomed(frame, now, asked);
      case 'refreshed':
        return this.line.renewLater(frame.token_ends, this.now());
      case 'ping':
        this.clock.observe(Date.parse(frame.now), now);
        this.line.send({ t: 'pong', n: frame.n });
        this.compare(frame.heads, now);
        return this.pass(frame);
      case 'situation':
        this.clock.observe(Date.parse(frame.situation.now), now, this.tookToAnswer(frame.situation.order, now));
        return this.pass(frame, frame.situation.order);
      case 'move':
        return this.line.move(frame.delay * 1000);
      case 'preferences':
        if (this.welcome) this.welcome = { ...this.welcome, hide_presence: frame.hide_presence };
        if (frame.id !== undefined) this.outbox.settle(frame.id, frame as Preferences & { id: string });
        return this.turned();
      case 'done':
      case 'page':
      case 'answer':
      case 'ice':
      case 'versions':
      case 'found':
      case 'screened':
      case 'reported':
      case 'blocked':
        this.outbox.settle(frame.id, frame);
        return this.flush();
      case 'refused':
        return this.refused(frame, now);
      case 'inbox':
        this.lines = merged(this.lines ?? [], frame.lines, frame.gone);
        for (const order of frame.gone ?? []) this.gone.add(order);
        for (const { order } of frame.lines) this.gone.delete(order);
        this.pass(frame);
        for (const changed of this.watchers) changed();
        return;
      default:
        return this.pass(frame, frame.order);
    }
  }

  private welcomed(frame: Welcome, now: number, asked: number): void {
    this.clock.observe(Date.parse(frame.now), now, now - asked);
    this.welcome = frame;
    this.lines = frame.inbox;
    for (const { order } of frame.inbox) this.gone.delete(order);
    this.line.welcomed(frame, this.now());
    this.pass(frame);
    for (const [order, group] of this.followers) for (const one of group) this.subscribe(order, one);
    this.flush();
  }

  private refused(frame: Refused, now: number): void {
    const ask = frame.id ? this.outbox.get(frame.id) : undefined;
    if (!ask) {
      this.line.spoken = frame;
      if (!frame.order) return;
      this.takeUpLater(frame.order, frame);
      return this.pass(frame, frame.order);
    }
    const wait = putOff(ask, frame, this.line.random());
    if (wait === null) {
      this.outbox.settle(ask.frame.id, new RefusedError(frame));
      return this.flush();
    }
    ask.sent = false;
    ask.tries += 1;
    ask.notBefore = now + wait;
    ask.held(frame, ask.notBefore);
  }

  /** An order that could not be shown now is asked for again: the line itself may stay good. */
  private takeUpLater(order: string, frame: Refused): void {
    const wait = pauseAfter(frame, this.line.random(), 1);
    if (wait === null || this.later.has(order)) return;
    const again = (): void => {
      this.later.delete(order);
      this.resume(order);
    };
    this.later.set(order, setTimeout(again, wait));
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

  /**
   * Milliseconds since the order was asked for, if this is the first that comes of it: until then
   * the server tells nothing of it. A second round trip, for the case that the first was slow.
   */
  private tookToAnswer(order: string, now: number): number | undefined {
    const since = this.opened.get(order) ?? null;
    if (since === null) return undefined;
    this.opened.set(order, null);
    return now - since;
  }

  private subscribe(order: string, follower: Follower): void {
    if (!this.opened.has(order)) this.opened.set(order, this.local());
    const from = follower.position();
    const epoch = this.welcome?.epoch;
    this.line.send({
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
      ask.sentAt = this.local();
      this.line.send(ask.frame);
    }
  }

  private pass(frame: Outbound, order?: string): void {
    const groups = order === undefined ? this.followers.values() : [this.followers.get(order) ?? []];
    for (const group of groups) for (const follower of group) follower.frame(frame);
  }
}

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
  // a reload keeps what was not sent, a closed tab does not: the browser asks
  globalThis.addEventListener?.('beforeunload', (event) => {
    if (made.hasUnsent) event.preventDefault();
  });
  own.set(key, made);
  return made;
}
