/**
 * The call of one order as this tab sees it.
 *
 * Who calls whom is state of the order and comes in the situation; this decides only what this
 * tab does about it. Sound is opened by the tab that started the call or took it, and by no
 * other of the same person: the tab remembers the call's id, also over a reload.
 */
import { CallMemory } from './call-memory.js';
import { adviceOf, type Advice } from './call-quality.js';
import { CallSound } from './call-sound.js';
import { stateOf, type CallState, type Ended } from './call-state.js';
import { about, heed, nothingTold } from './call-told.js';
import { tab, type InTab, type Occupied } from './calls-in-tab.js';
import { letSound, MicrophoneError, unlockSound, type MicrophoneTrouble } from './media.js';
import { RefusedError } from './outbox.js';
import type { CallNow, CallSignal } from './protocol.js';
import { Ringtone } from './ringtone.js';
import type { OrderRoom } from './room.js';
import { find } from './timeline.js';

const ENDED_SHOWN = 10_000;
/** There may be something to write down. */
const TALK_SHOWN = 60_000;

/** What becomes of the call one is in when one takes another. */
export type Leaving = 'hold' | 'hang_up';

export class Call implements InTab {
  state: CallState = 'idle';
  ended: Ended | null = null;
  muted = false;
  /** What the server told of it: gates, holds, lines. */
  told = nothingTold('');
  trouble: MicrophoneTrouble | 'failed' | null = null;
  /** The sentence of a refusal. */
  refusal: string | null = null;
  /** Sound is held back by the browser until a person touches the page. */
  silent = false;
  readonly sound: CallSound;
  private readonly memory: CallMemory;

  /** How often the room was shown to us when we last looked. */
  private shown = 0;
  private mine: string | null = null;
  /** The call that rang here, until another device took it. */
  private rang: string | null = null;
  /** The call that was hung up here: over at once, whenever the server hears of it. */
  private hungUp: string | null = null;
  /** What the server is told of it. */
  private telling: Promise<void> | null = null;
  /** The last call that this person began. */
  private ownCall: string | null = null;
  /** The entry that made it ours; an older situation cannot know of it yet. */
  private mineSince = 0;
  private asking: 'start' | 'accept' | null = null;
  private connected = false;
  /** The call that rang when we last looked, for a summary if it ends unanswered. */
  private ringingFor: string | null = null;
  private endedTimer: Timer | undefined;
  /** The server refused because the person is in a call, of which this tab knows nothing. */
  private occupiedElsewhere = false;
  private waitingFor: { seq: number; kind: 'start' | 'accept' } | null = null;
  private readonly ringtone = new Ringtone();

  constructor(
    private readonly room: OrderRoom,
    private readonly changed: () => void,
  ) {
    this.memory = new CallMemory(room.order);
    this.sound = new CallSound(room, {
      connected: (fresh) => this.heardAs(fresh),
      opened: () => (this.trouble = null),
      failed: (error) => this.explain(error),
      changed,
    });
    tab.enter(this);
    globalThis.addEventListener('online', this.renew);
  }

  close(): void {
    globalThis.removeEventListener('online', this.renew);
    this.ringtone.stop();
    // the call goes on: a page that is opened in this tab next takes it up by what is remembered
    this.sound.close();
    clearTimeout(this.endedTimer);
    this.state = 'idle';
    tab.leave(this);
  }

  /** Whether the call that just ended was our own, and nobody took it. */
  get unanswered(): boolean {
    const end = this.ended?.end;
    return this.wasOwn && (end === 'no_answer' || end === 'declined' || end === 'busy');
  }

  /** Whether the two talked, and may write down what they agreed. */
  get hasMinutes(): boolean {
    return (this.ended?.seconds ?? 0) > 0 && (this.room.situation?.may_propose?.includes('point') ?? false);
  }

  /** Whether a device of this person took the call that rang here too. */
  get answeredElsewhere(): boolean {
    return this.state === 'elsewhere' && this.rang === this.now?.call;
  }

  /** Whether the call that just ended was begun by this person. */
  get wasOwn(): boolean {
    return this.ended !== null && this.ownCall === this.ended.call;
  }

  /** This person put the call on hold. */
  get holding(): boolean {
    return this.told.holding;
  }

  get now(): CallNow | null {
    return this.room.situation?.call ?? null;
  }

  // --- what a person does --------------------------------------------------------------------

  async start(): Promise<void> {
    if (this.asking || (this.now && this.now.call !== this.hungUp)) return;
    await this.ask('start', async () => {
      await this.telling; // the call that was hung up here has to be over there too
      return this.room.startCall(crypto.randomUUID());
    });
  }

  /** Take the call; `leaving` says what becomes of the one that the person is in. */
  async accept(leaving?: Leaving): Promise<void> {
    const call = this.now?.call;
    if (!call || this.asking) return;
    const left = leaving ?? (this.beside === 'held' ? 'hold' : undefined);
    await this.ask('accept', async () => {
      const done = await this.room.onCall('call.accept', call, left);
      if (left === 'hold') tab.took(this);
      return done;
    });
  }

  /** What else the person is in while this one rings: in this tab, or as the server saw it. */
  get beside(): Occupied {
    const here = tab.beside(this);
    if ((here !== null && here !== 'ringing') || !this.now || this.now.answered_at !== null) return here;
    const over = tab.lastAt >= Date.parse(this.now.rang_at); // it ended here since
    return this.occupiedElsewhere || (this.now.waiting && !over) ? 'talking' : null;
  }

  get occupied(): Occupied {
    if (this.state === 'calling' || this.state === 'ringing') return this.state;
    if (this.state !== 'connecting' && this.state !== 'active') return null;
    return this.holding ? 'held' : 'talking';
  }

  left(): void {
    if (!this.holding) this.toggleHold();
  }

  neighbour(): void {
    this.ring();
    this.changed();
  }

  async decline(): Promise<void> {
    if (this.now) await this.tell('call.decline', this.now.call);
  }

  /**
   * Let this device be silent, and only this one: the others go on ringing, the caller hears it
   * ring, and the server is told nothing. Declining is what ends the call.
   */
  silence(): void {
    if (this.state !== 'ringing' || !this.now) return;
    this.memory.silenced = this.now.call;
    this.look();
  }

  async hangUp(): Promise<void> {
    const call = this.now?.call;
    if (!call) return;
    if (this.mine === call) {
      this.hungUp = call;
      this.finish(call);
      this.look();
    }
    this.telling = this.tell('call.hang_up', call);
    await this.telling;
  }

  /** Let go of the summary or the trouble. */
  dismiss(): void {
    this.ended = null;
    this.trouble = null;
    this.refusal = null;
    this.look();
  }

  toggleMute(): void {
    this.muted = !this.muted;
    this.keepMuted();
    this.applyMute();
    this.changed();
  }

  /** Nobody hears anybody while either of the two holds. */
  get onHold(): boolean {
    return this.holding || this.told.otherHolding;
  }

  /** Going on is for the server to say too: it may not be reached now, or one is in another call. */
  toggleHold(): void {
    const holding = !this.holding;
    const reached = this.mine !== null && this.room.hold(this.mine, holding);
    if (!holding && !reached) return;
    this.told = { ...this.told, holding };
    this.applyTracks();
    tab.turned(this);
    this.changed();
  }

  /** What is worth saying about the sound now. */
  get advice(): Advice | null {
    if (this.state !== 'active' || this.onHold || this.sound.weak || this.told.otherWeak) return null;
    return adviceOf(this.told.mine, this.told.theirs, this.muted);
  }

  /** Whether this device never had a call or a test that was heard. */
  get isFirst(): boolean {
    return !this.memory.soundIsKnown;
  }

  soundIsKnown(): void {
    this.memory.know();
  }

  /** A person touched the page: sound may be allowed now. */
  async touched(): Promise<void> {
    if (!this.silent) return;
    await letSound(); // as long as it takes: a slow device begins late, a touch may not have counted
    if (!this.silent) return;
    this.silent = false;
    this.ring();
    this.changed();
  }

  // --- what the server tells -------------------------------------------------------------------

  /** The situation or the timeline changed. */
  look(): void {
    const { now } = this;
    const me = this.room.me?.person;
    if (!me) return;
    this.claim();
    if (now?.caller === me) this.ownCall = now.call;
    const kept = this.memory.heard;
    if (this.mine === null && now && kept === now.call) {
      this.muted = this.memory.muted === now.call;
      this.own(now.call); // this tab was reloaded in the middle of it
      this.applyTracks();
    }
    if (this.mine === null && kept !== null && this.room.situation) this.memory.heard = null; // over meanwhile
    // it may not have been heard, and we are told what the other one did meanwhile
    if (this.shown !== this.room.shown && this.connected) this.applyGates();
    this.shown = this.room.shown;
    const known = (this.room.situation?.seq ?? -1) >= this.mineSince;
    if (this.mine !== null && now?.call !== this.mine && known) {
      this.finish(this.mine);
    } else if (!now && this.ringingFor) {
      this.finish(this.ringingFor);
    }
    this.ringingFor = now && now.answered_at === null ? now.call : null;
    if (now && this.mine === now.call) {
      if (now.caller === me || now.answered_at !== null) void this.sound.open(now.call);
    }
    this.summarise();
    const before = this.state;
    this.state = stateOf({
      me,
      now,
      mine: this.mine,
      asking: this.asking,
      silenced: this.memory.silenced,
      hungUp: this.hungUp,
      connected: this.connected,
      ended: this.ended !== null,
    });
    if (now && this.state !== 'ended') this.ended = null;
    if (this.state === 'ringing' || this.state === 'silenced') this.rang = now?.call ?? null;
    if (before !== this.state) {
      this.ring();
      tab.turned(this);
    }
    this.changed();
  }

  signal(signal: CallSignal): void {
    if (signal.call !== this.now?.call || signal.call === this.hungUp) return;
    const own = signal.person === this.room.me?.person;
    this.told = heed(this.told, signal, own);
    switch (signal.media) {
      case 'elsewhere':
        // A leg of this person was replaced. If ours is the newcomer, it replaced our own old one.
        if (own && this.mine === signal.call && this.sound.stands && !this.sound.newcomer) this.give();
        break;
      case 'moved':
        // Another media process carries the call now: come after, and the old leg is let go.
        if (own && this.mine === signal.call) this.sound.again();
        break;
      case 'held':
      case 'resumed':
        this.applyTracks();
        this.ring();
        tab.turned(this);
        break;
      case 'reconnecting':
      case 'gone':
      case 'connected':
        if (own && this.mine === signal.call && this.sound.stands) this.sound.missed(signal.media === 'connected');
        break;
    }
    this.changed();
  }

  // --- asking ------------------------------------------------------------------------------------

  private async ask(kind: 'start' | 'accept', command: () => Promise<{ seq: number }>): Promise<void> {
    this.asking = kind;
    this.trouble = null;
    this.refusal = null;
    this.ended = null;
    clearTimeout(this.endedTimer);
    void unlockSound();
    this.look();
    try {
      await this.sound.prepare();
      const { seq } = await command();
      this.waitingFor = { seq, kind };
      setTimeout(() => this.giveUp(seq), 5_000);
    } catch (error) {
      this.asking = null;
      this.release();
      // another device of this person is in a call: then it is theirs to say what becomes of that
      if (kind === 'accept' && error instanceof RefusedError && error.frame.code === 'in_call') this.occupiedElsewhere = true;
      else this.explain(error);
    }
    this.look();
  }

  /** The entry that answers our command names the call; on glare it is the other's call. */
  private claim(): void {
    if (!this.waitingFor) return;
    const { seq } = this.waitingFor;
    const event = find(this.room.timeline, seq)?.event;
    if (!event) return;
    // it may be over already, and no situation tell of it any more
    if (event.kind === 'call_rang') this.ownCall = event.call;
    this.waitingFor = null;
    this.asking = null;
    if (!('call' in event) || event.kind === 'call_ended') return this.release();
    this.own(event.call);
    this.mineSince = seq;
    this.keepMuted();
    this.memory.heard = event.call;
  }

  /** From now on the call is heard in this tab. */
  private own(call: string): void {
    this.mine = call;
    this.told = about(this.told, call);
  }

  private giveUp(seq: number): void {
    if (this.waitingFor?.seq !== seq) return;
    this.waitingFor = null;
    this.asking = null;
    if (this.mine === null) this.release();
    this.look();
  }

  private async tell(t: 'call.decline' | 'call.hang_up', call: string): Promise<void> {
    this.ringtone.stop();
    try {
      await this.room.onCall(t, call);
    } catch (error) {
      if (error instanceof RefusedError && error.frame.code === 'call_over') return;
      this.hungUp = null; // it goes on for the other one, and can be hung up again
      this.explain(error);
      this.look();
    }
  }

  private explain(error: unknown): void {
    if (error instanceof MicrophoneError) this.trouble = error.trouble;
    else if (error instanceof RefusedError) this.refusal = error.message;
    else if (!(error instanceof DOMException)) this.trouble = 'failed';
    this.changed();
  }

  // --- sound ---------------------------------------------------------------------------------------

  private heardAs(fresh: boolean): void {
    this.soundIsKnown();
    if (fresh) this.applyGates();
    this.connected = true;
    this.look();
  }

  /** The network may have changed under us. */
  private readonly renew = (): void => {
    if (this.mine && this.sound.stands && this.now?.answered_at) this.sound.again();
  };

  private applyTracks(): void {
    this.sound.pass(!this.muted && !this.onHold);
  }

  private applyGates(): void {
    this.applyMute();
    // Not said when open: the server keeps it over a reload, and tells us.
    if (this.holding && this.mine) this.room.hold(this.mine, true);
  }

  private keepMuted(): void {
    this.memory.muted = this.muted ? this.mine : null;
  }

  private applyMute(): void {
    this.applyTracks();
    // Said also when open: after a reload the server's gate may still be closed.
    if (this.mine) this.room.mute(this.mine, this.muted);
  }

  private finish(call: string): void {
    if (this.mine !== null) tab.lastAt = this.room.connection.now();
    this.release();
    this.ended = { call, end: null, seconds: 0 };
    clearTimeout(this.endedTimer);
    this.endedTimer = setTimeout(() => {
      // a call that nobody took leaves something to do: it stays until the person lets go of it
      if (this.unanswered) return;
      if (!this.hasMinutes) return this.dismiss();
      this.endedTimer = setTimeout(() => this.dismiss(), TALK_SHOWN);
    }, ENDED_SHOWN);
  }

  /** The entry that tells how it ended may come before or after the situation without it. */
  private summarise(): void {
    const { ended } = this;
    if (!ended || ended.end !== null) return;
    for (const { event } of this.room.timeline.entries.toReversed()) {
      if (event?.kind !== 'call_ended' || event.call !== ended.call) continue;
      this.ended = { call: ended.call, end: event.end, seconds: event.seconds ?? 0 };
      return;
    }
  }

  /** The sound goes on in another tab: keep the call, let go of the devices. */
  private give(): void {
    this.release();
    this.look();
  }

  private release(): void {
    this.sound.close();
    if (this.mine !== null) this.memory.heard = this.memory.muted = null;
    this.mine = null;
    this.mineSince = 0;
    this.connected = this.muted = this.occupiedElsewhere = false;
    this.told = nothingTold('');
  }

  private ring(): void {
    const kind = this.tone();
    if (!kind) {
      this.silent = false;
      return this.ringtone.stop();
    }
    void this.ringtone.start(kind).then((heard) => {
      if (this.state !== 'ringing' || heard) return;
      this.silent = true;
      this.changed();
      // where nothing is forbidden the device is only slow, and nobody has to touch anything
      this.touched().catch(() => undefined);
    });
  }

  /** Who talks hears of another call without being startled. */
  private tone(): Parameters<Ringtone['start']>[0] | null {
    if (this.state === 'ringing') return tab.beside(this) === 'talking' ? 'knocking' : 'incoming';
    if (this.state === 'calling') return 'waiting';
    return this.state === 'active' && this.told.otherHolding && !this.holding ? 'held' : null;
  }
}

type Timer = ReturnType<typeof setTimeout>;
