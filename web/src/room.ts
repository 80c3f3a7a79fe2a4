/**
 * One order on the screen: everything the server told about it, and what a person can ask.
 *
 * Views read the fields and are told of changes; they decide nothing. Rules come from the
 * situation, never from here.
 */
import { aftermath, type Aftermath } from './aftermath.js';
import type { Connection, Follower } from './connection.js';
import { RefusedError, seenSecrets, type Ask } from './outbox.js';
import type {
  Answer,
  CallSignal,
  Done,
  Entry,
  Ice,
  Member,
  Outbound,
  Page,
  Presence,
  Refused,
  Room,
  SecretKind,
  Situation,
} from './protocol.js';
import type { Files } from './files.js';
import { Messages } from './messages.js';
import { knowing, Process } from './process.js';
import * as timeline from './timeline.js';
import { Transfers, type FileShelf, type TransferEvents } from './transfers.js';
import * as unsentFiles from './unsent-files.js';
import { marking, Watermarks } from './watermarks.js';

const TYPING_FORGOTTEN = 6_000;
const TYPING_REPEATED = 3_000;
const CALL_PATIENCE = 10_000;
/** A password that ends sooner is asked for anew; without servers we ask again after as long. */
const ICE_MARGIN = 300_000;

export interface RoomEvents {
  changed(): void;
  /** Entries nobody on this screen saw before; empty on the first page and after a reset. */
  fresh(entries: readonly Entry[]): void;
  signal(signal: CallSignal): void;
}

export class OrderRoom implements Follower {
  room: Room | null = null;
  situation: Situation | null = null;
  timeline = timeline.EMPTY;
  /** How far each person has received and read. */
  readonly marks: Watermarks;
  presence: ReadonlyMap<string, Presence> = new Map();
  /** Who is writing just now. */
  typist: string | null = null;
  older: 'idle' | 'loading' | 'failed' = 'idle';
  /** Why the order cannot be shown at all. */
  refusal: Refused | null = null;
  /** How often the server has shown it to this page: signals from before the last time may be missing. */
  shown = 0;

  private happened: { entries: readonly Entry[]; after: Aftermath } | null = null;
  private epoch: string | null = null;
  private ice: { servers: RTCIceServer[]; until: number } | null = null;
  private typingTimer: Timer | undefined;
  private saidTyping = -Infinity;
  /** A due time of a ping that differed from ours and was asked about. */
  private doubted: string | null = null;
  private readonly leave: () => void;
  readonly files: Files;
  /** Files that are shared in the conversation. */
  readonly transfers: Transfers;
  readonly messages: Messages;
  readonly process: Process;

  constructor(
    readonly order: string,
    readonly connection: Connection,
    private readonly events: RoomEvents,
  ) {
    this.files = connection.files();
    this.transfers = this.sendFiles(unsentFiles, { changed: () => events.changed() });
    this.messages = new Messages(connection, order);
    this.process = new Process(connection, order);
    this.marks = new Watermarks(connection.local, (t, seq) => connection.tell(marking(t, order, seq)));
    this.takeUnsent();
    this.leave = connection.follow(order, this);
  }

  close(): void {
    clearTimeout(this.typingTimer);
    this.marks.close();
    this.transfers.close();
    this.leave();
  }

  /** Files that go from this page to the order; whoever asks closes it. With a shelf they outlive the page. */
  sendFiles(shelf: FileShelf | null, events: TransferEvents): Transfers {
    return new Transfers(this.order, this.connection, this.files.uploads(), shelf, events);
  }

  /** Ask again for an order that was refused. */
  reopen(): void {
    this.refusal = null;
    this.connection.resume(this.order);
    this.events.changed();
  }

  /** What became of the messages and files that are here. */
  get aftermath(): Aftermath {
    const { entries } = this.timeline;
    if (this.happened?.entries !== entries) this.happened = { entries, after: aftermath(entries) };
    return this.happened.after;
  }

  get me(): Member | undefined {
    return this.room?.members.find((m) => m.role === this.room?.you);
  }

  get other(): Member | undefined {
    const role = this.room?.you === 'buyer' ? 'seller' : 'buyer';
    return this.room?.members.find((m) => m.role === role);
  }

  /** Everybody but the viewer; buyer, seller, mediator in this order. */
  get others(): readonly Member[] {
    const rank = ['buyer', 'seller', 'mediator'];
    const others = this.room?.members.filter((m) => m.person !== this.me?.person) ?? [];
    return others.sort((a, b) => rank.indexOf(a.role) - rank.indexOf(b.role));
  }

  name(person: string): string | undefined {
    return this.room?.members.find((m) => m.person === person)?.name;
  }

  // --- what a person does ------------------------------------------------------------------

  /** `understood`: what the writer was told is private in it, and sends anyway. */
  send(text: string, replyTo?: number, understood: readonly SecretKind[] = []): void {
    const id = crypto.randomUUID();
    this.timeline = timeline.write(this.timeline, id, text, this.connection.now(), replyTo);
    this.quiet();
    this.post(id, text, replyTo, understood);
    this.events.changed();
  }

  again(id: string): void {
    const own = this.timeline.pending.find((p) => p.id === id);
    if (!own) return;
    this.timeline = timeline.retried(this.timeline, id);
    if (this.connection.hurry(id)) return this.events.changed();
    this.post(id, own.text, own.replyTo, own.secrets?.may ? own.secrets.kinds : []);
    this.events.changed();
  }

  discard(id: string): void {
    this.connection.withdraw(id);
    this.timeline = timeline.dropped(this.timeline, id);
    this.events.changed();
  }

  startCall(id: string): Promise<Done> {
    return this.connection.ask<Done>({ t: 'call.start', id, order: this.order }, { within: CALL_PATIENCE });
  }

  onCall(t: 'call.accept' | 'call.decline' | 'call.hang_up', call: string, leaving?: 'hold' | 'hang_up'): Promise<Done> {
    const said = { id: crypto.randomUUID(), order: this.order, call };
    // who declines or hangs up means it, however late the server hears of it
    if (t !== 'call.accept') return this.connection.ask<Done>({ t, ...said });
    return this.connection.ask<Done>(leaving ? { t, ...said, leaving } : { t, ...said }, { within: CALL_PATIENCE });
  }

  /** Ask to record, answer, stop or erase. */
  record(
    said:
      | { t: 'recording.ask'; call: string }
      | { t: 'recording.answer'; recording: string; agree: boolean }
      | { t: 'recording.stop' | 'recording.erase'; recording: string },
  ): Promise<Done> {
    return this.connection.ask<Done>(
      { ...said, id: crypto.randomUUID(), order: this.order },
      { within: CALL_PATIENCE },
    );
  }

  /** The servers through which a leg can be reached. Kept while they last; none if we cannot learn them. */
  async iceServers(): Promise<RTCIceServer[]> {
    if (!this.ice || this.ice.until < this.connection.now()) {
      try {
        const ask = { t: 'call.ice' as const, id: crypto.randomUUID(), order: this.order };
        const { servers, ends } = await this.connection.ask<Ice>(ask, { within: CALL_PATIENCE });
        const until = ends ? Date.parse(ends) - ICE_MARGIN : this.connection.now() + ICE_MARGIN;
        this.ice = { servers: (servers ?? []).map((one) => ({ ...one, urls: [...one.urls] })), until };
      } catch {
        return []; // most networks need none
      }
    }
    return this.ice.servers;
  }

  offer(call: string, leg: string, sdp: string, signal: AbortSignal): Promise<Answer> {
    return this.connection.ask<Answer>(
      { t: 'call.offer', id: crypto.randomUUID(), order: this.order, call, leg, sdp },
      { signal },
    );
  }

  /** An answer for a leg that hears itself. */
  echo(leg: string, sdp: string, signal: AbortSignal): Promise<Answer> {
    return this.connection.ask<Answer>(
      { t: 'call.test', id: crypto.randomUUID(), order: this.order, leg, sdp },
      { signal, within: CALL_PATIENCE },
    );
  }

  mute(call: string, on: boolean): void {
    this.connection.tell({ t: 'call.mute', order: this.order, call, on });
  }

  /** False if it could not be said: the line is down. */
  hold(call: string, on: boolean): boolean {
    return this.connection.tell({ t: 'call.hold', order: this.order, call, on });
  }

  /** Ask for the page before the oldest entry here, if there is one. */
  async loadOlder(): Promise<void> {
    const before = timeline.olderThan(this.timeline);
    if (before === null || this.older === 'loading') return;
    this.older = 'loading';
    this.events.changed();
    try {
      const page = await this.connection.ask<Page>({
        t: 'history',
        id: crypto.randomUUID(),
        order: this.order,
        before,
      });
      this.timeline = timeline.prepend(this.timeline, page);
      this.older = 'idle';
    } catch {
      this.older = 'failed';
    }
    this.events.changed();
  }

  /** A key was pressed in the composer. */
  writes(): void {
    const now = this.connection.local();
    if (now - this.saidTyping < TYPING_REPEATED) return;
    if (this.connection.tell({ t: 'typing', order: this.order, on: true })) this.saidTyping = now;
  }

  /** The composer is empty or was left. */
  quiet(): void {
    if (this.saidTyping === -Infinity) return;
    this.saidTyping = -Infinity;
    this.connection.tell({ t: 'typing', order: this.order, on: false });
  }

  /** Load history until that entry is here; false if it cannot be had. */
  async reach(seq: number): Promise<boolean> {
    for (;;) {
      const before = timeline.olderThan(this.timeline);
      if (timeline.find(this.timeline, seq)) return true;
      if (before === null || seq >= before) return false;
      await this.loadOlder();
      if (timeline.olderThan(this.timeline) === before) return false;
    }
  }

  /** Whether the viewer blocks the other in this order. */
  get blocking(): boolean {
    return this.situation?.blocking ?? this.room?.blocking ?? false;
  }

  /** Block the other in this order, or let them be again. */
  async block(on: boolean): Promise<void> {
    const blocked = await this.messages.block(on);
    if (this.room) this.room = { ...this.room, blocking: blocked.on };
    if (this.situation) this.situation = { ...this.situation, blocking: blocked.on };
    this.events.changed();
  }

  /** A person looks at the end of the conversation. */
  looked(): void {
    this.marks.reached('mark', () => this.timeline.position ?? 0);
  }

  // --- what the connection tells ------------------------------------------------------------

  position(): { after: number; link: string | null } | null {
    const { position, link } = this.timeline;
    return position === null ? null : { after: position, link };
  }

  status(): void {
    if (this.connection.status !== 'online') {
      this.hush();
      this.saidTyping = -Infinity;
    }
    this.events.changed();
  }

  /** The countdown shows another time than the server's ping: ask for the situation, once. */
  private checkDue(due: string | undefined): void {
    if (due === undefined || due === this.doubted || this.situation === null) return;
    const shown = this.situation.deadlines.find((d) => d.timer !== 'order_life');
    if (shown !== undefined && Date.parse(shown.due) === Date.parse(due)) return;
    this.doubted = due;
    this.connection.resume(this.order);
  }

  frame(frame: Outbound): void {
    switch (frame.t) {
      case 'welcome':
        if (this.epoch !== null && this.epoch !== frame.epoch) this.forget();
        this.epoch = frame.epoch;
        this.takeUnsent();
        break;
      case 'room':
        this.room = frame;
        this.refusal = null;
        this.shown += 1;
        this.marks.heard(frame.marks, this.me?.person, true);
        this.marks.reached('received', () => this.timeline.position ?? 0);
        this.presence = new Map(frame.presence.map((p) => [p.person, p]));
        if (this.me) void this.transfers.restore(this.me.person);
        break;
      case 'batch': {
        const first = this.timeline.position === null || frame.reset === true;
        const result = timeline.apply(this.timeline, frame, this.me?.person ?? null);
        this.timeline = result.timeline;
        if (result.gap) this.connection.resume(this.order);
        if (result.fresh.some((e) => e.actor === this.other?.person)) this.hush();
        this.marks.reached('received', () => this.timeline.position ?? 0);
        for (const { event } of result.fresh) {
          if (event?.kind === 'order_paid') this.renamed(event.title, event.price_cents, event.currency);
          if (event?.kind === 'mediator_joined') this.admit({ person: event.person, role: 'mediator', name: event.name });
        }
        if (!first && result.fresh.length > 0) this.events.fresh(result.fresh);
        break;
      }
      case 'ping':
        this.checkDue(frame.dues?.[this.order]);
        break;
      case 'situation':
        // Newest wins; a re-ordered older one would bring back a button that is gone.
        if (this.situation === null || frame.situation.seq >= this.situation.seq) {
          this.situation = frame.situation;
        }
        break;
      case 'marks':
        this.marks.heard(frame.marks, this.me?.person);
        break;
      case 'presence':
        this.presence = new Map(this.presence).set(frame.presence.person, frame.presence);
        break;
      case 'signal':
        if (frame.person === this.me?.person) return;
        this.hush();
        if (frame.typing) {
          this.typist = frame.person;
          this.typingTimer = setTimeout(() => {
            this.hush();
            this.events.changed();
          }, TYPING_FORGOTTEN);
        }
        break;
      case 'call':
        this.events.signal(frame);
        return;
      case 'refused':
        if (this.room === null || frame.code === 'order_unknown') this.refusal = frame;
        break;
      case 'inbox':
        // it was taken away, and has been given back
        if (this.refusal?.code !== 'order_unknown' || !frame.lines.some((line) => line.order === this.order)) return;
        return this.reopen();
      default:
        return;
    }
    this.events.changed();
  }

  /** Somebody joined since the room was described. */
  private admit(member: Member): void {
    if (!this.room || this.room.members.some((m) => m.person === member.person)) return;
    this.room = { ...this.room, members: [...this.room.members, member] };
  }

  /** A question became an order: it has a price now, and maybe another title. */
  private renamed(title: string, price_cents: number, currency: string): void {
    if (this.room) this.room = { ...this.room, title, price_cents, currency };
  }

  private hush(): void {
    clearTimeout(this.typingTimer);
    this.typist = null;
  }

  /** History was restored from a backup on the server: what we have may be of another one. */
  private forget(): void {
    this.timeline = { ...timeline.EMPTY, pending: this.timeline.pending };
    this.situation = null;
    this.marks.forget();
  }

  private post(id: string, text: string, replyTo?: number, understood: readonly SecretKind[] = []): void {
    this.watch(
      id,
      this.connection.ask<Done>({
        t: 'message.send',
        id,
        order: this.order,
        text,
        ...(replyTo === undefined ? {} : { reply_to: replyTo }),
        ...knowing(understood),
      }),
    );
  }

  private watch(id: string, reply: Promise<Done>): void {
    this.connection.whenHeld(id, ({ code, facts }, until) => {
      if (code !== 'rate_exceeded') return;
      this.timeline = timeline.held(this.timeline, id, String(facts['limit'] ?? ''), until);
      this.events.changed();
    });
    reply.then(
      ({ seq }) => {
        this.timeline = timeline.accepted(this.timeline, id, seq);
        this.events.changed();
      },
      (error: unknown) => {
        if (!(error instanceof RefusedError)) return;
        this.timeline = timeline.rejected(this.timeline, id, error.message, secretsOf(error));
        this.events.changed();
      },
    );
  }

  private takeUnsent(): void {
    const asks: Ask[] = this.connection.unsent(this.order);
    for (const ask of asks) {
      const { frame } = ask;
      if (frame.t !== 'message.send') continue;
      if (this.timeline.pending.some((own) => own.id === frame.id)) continue;
      this.timeline = timeline.write(this.timeline, frame.id, frame.text, this.connection.now(), frame.reply_to);
      this.watch(frame.id, ask.reply as Promise<Done>);
    }
  }
}

/** What a message was refused for, if it is what stands in it. */
function secretsOf(error: RefusedError): timeline.Pending['secrets'] {
  if (error.frame.code === 'secret_refused') return { kinds: [], may: false };
  const kinds = seenSecrets(error);
  return kinds === null ? undefined : { kinds, may: true };
}

type Timer = ReturnType<typeof setTimeout>;
