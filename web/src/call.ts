/**
 * The call of one order as this tab sees it.
 *
 * Who calls whom is state of the order and comes in the situation; this decides only what this
 * tab does about it. Sound is opened by the tab that started the call or took it, and by no
 * other of the same person: the tab remembers the call's id, also over a reload.
 */
import { adviceOf, told, WELL, type Advice } from './call-quality.js';
import { stateOf, type CallState, type Ended } from './call-state.js';
import { Leg, Meter, MicrophoneError, microphones, openMicrophone, speakers, unlockSound, type Device, type MicrophoneTrouble } from './media.js';
import { forget, recall, remember } from './memory.js';
import { RefusedError } from './outbox.js';
import type { CallNow, CallSignal } from './protocol.js';
import { Ringtone } from './ringtone.js';
import type { OrderRoom } from './room.js';
import { find } from './timeline.js';

const REMEMBERED = 'order-room:call';
const SILENCED = 'order-room:silenced';
const CHOSEN = 'order-room:microphone';
const SPEAKER = 'order-room:speaker';
const KNOWN = 'order-room:sound-known';
const ENDED_SHOWN = 10_000;
const LONGEST_RETRY = 8_000;
/** The server and we see a leg connect at almost the same time, in either order. */
const NEWCOMER = 5_000;

export class Call {
  state: CallState = 'idle';
  ended: Ended | null = null;
  muted = false;
  /** The other closed their microphone, or their line is weak. */
  otherMuted = false;
  otherWeak = false;
  /** This person put the call on hold, or the other one did. */
  holding = false;
  otherHolding = false;
  weak = false;
  trouble: MicrophoneTrouble | 'failed' | null = null;
  /** The sentence of a refusal. */
  refusal: string | null = null;
  /** Sound is held back by the browser until a person touches the page. */
  silent = false;
  devices: readonly Device[] = [];
  device: string | null = recall(CHOSEN, 'local');
  /** None where the browser lets nobody choose. */
  speakers: readonly Device[] = [];
  speaker = recall(SPEAKER, 'local') ?? '';
  remote: MediaStream | null = null;
  meters: { mine: Meter | null; theirs: Meter | null } = { mine: null, theirs: null };

  private heard = { mine: WELL, theirs: WELL };
  /** Whether the line stood when we last looked. */
  private online = true;
  private mine: string | null = null;
  /** The call that rang here, until another device took it. */
  private rang: string | null = null;
  /** The last call that this person began. */
  private ownCall: string | null = null;
  /** The entry that made it ours; an older situation cannot know of it yet. */
  private mineSince = 0;
  private asking: 'start' | 'accept' | null = null;
  private connected = false;
  private stream: MediaStream | null = null;
  private leg: Leg | null = null;
  private next: Leg | null = null;
  private abort = new AbortController();
  /** Opening the microphone for a call that is ours already. */
  private opening = false;
  /** When the present leg took over, on the local clock. */
  private tookAt = -Infinity;
  /** The call that rang when we last looked, for a summary if it ends unanswered. */
  private ringingFor: string | null = null;
  private retries = 0;
  private retryTimer: Timer | undefined;
  private endedTimer: Timer | undefined;
  private waitingFor: { seq: number; kind: 'start' | 'accept' } | null = null;
  private readonly ringtone = new Ringtone();

  constructor(
    private readonly room: OrderRoom,
    private readonly changed: () => void,
  ) {
    globalThis.addEventListener('online', this.renew);
  }

  close(): void {
    globalThis.removeEventListener('online', this.renew);
    this.ringtone.stop();
    this.release();
    clearTimeout(this.endedTimer);
  }

  /** Whether the call that just ended was our own, and nobody took it. */
  get unanswered(): boolean {
    const end = this.ended?.end;
    return this.wasOwn && (end === 'no_answer' || end === 'declined' || end === 'busy');
  }

  /** Whether a device of this person took the call that rang here too. */
  get answeredElsewhere(): boolean {
    return this.state === 'elsewhere' && this.rang === this.now?.call;
  }

  /** Whether the call that just ended was begun by this person. */
  get wasOwn(): boolean {
    return this.ended !== null && this.ownCall === this.ended.call;
  }

  get now(): CallNow | null {
    return this.room.situation?.call ?? null;
  }

  // --- what a person does --------------------------------------------------------------------

  async start(): Promise<void> {
    if (this.asking || this.now) return;
    await this.ask('start', () => this.room.startCall(crypto.randomUUID()));
  }

  async accept(): Promise<void> {
    const call = this.now?.call;
    if (!call || this.asking) return;
    await this.ask('accept', () => this.room.onCall('call.accept', call));
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
    remember(SILENCED, this.now.call, 'session');
    this.look();
  }

  async hangUp(): Promise<void> {
    if (this.now) await this.tell('call.hang_up', this.now.call);
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
    this.applyMute();
    this.changed();
  }

  /** Nobody hears anybody while either of the two holds. */
  get onHold(): boolean {
    return this.holding || this.otherHolding;
  }

  toggleHold(): void {
    this.holding = !this.holding;
    this.applyHold();
    this.changed();
  }

  /** What is worth saying about the sound now. */
  get advice(): Advice | null {
    if (this.state !== 'active' || this.onHold || this.weak || this.otherWeak) return null;
    return adviceOf(this.heard.mine, this.heard.theirs, this.muted);
  }

  /** Another leg beside the present one, which it replaces once it is heard. */
  reconnect(): void {
    if (this.mine) void this.makeLeg(this.mine);
  }

  /** Whether this device never had a call or a test that was heard. */
  get isFirst(): boolean {
    return recall(KNOWN, 'local') === null;
  }

  soundIsKnown(): void {
    if (this.isFirst) remember(KNOWN, 'yes', 'local');
  }

  chooseSpeaker(speaker: string): void {
    this.speaker = speaker;
    remember(SPEAKER, speaker, 'local');
    this.changed();
  }

  async lookForDevices(): Promise<void> {
    [this.devices, this.speakers] = await Promise.all([microphones(), speakers()]);
    this.changed();
  }

  async choose(device: string): Promise<void> {
    this.device = device;
    remember(CHOSEN, device, 'local');
    if (!this.stream) return this.changed();
    try {
      const stream = await openMicrophone(device);
      const track = stream.getAudioTracks()[0];
      if (!track) return;
      this.stream.getTracks().forEach((t) => t.stop());
      this.hold(stream);
      await Promise.all([this.leg?.replace(track), this.next?.replace(track)]);
    } catch (error) {
      this.trouble = error instanceof MicrophoneError ? error.trouble : 'other';
    }
    this.changed();
  }

  /** A person touched the page: sound may be allowed now. */
  async touched(): Promise<void> {
    if (!this.silent) return;
    this.silent = !(await unlockSound());
    if (!this.silent) this.ring();
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
    if (this.mine === null && now && recall(REMEMBERED, 'session') === now.call) {
      this.mine = now.call; // this tab was reloaded in the middle of it
    }
    const online = this.room.connection.status === 'online';
    if (online && !this.online && this.connected) this.applyGates(); // it may not have been heard
    this.online = online;
    const known = (this.room.situation?.seq ?? -1) >= this.mineSince;
    if (this.mine !== null && now?.call !== this.mine && known) {
      this.finish(this.mine);
    } else if (!now && this.ringingFor) {
      this.finish(this.ringingFor);
    }
    this.ringingFor = now && now.answered_at === null ? now.call : null;
    if (now && this.mine === now.call) {
      if (now.caller === me || now.answered_at !== null) void this.open(now.call);
    }
    this.summarise();
    const before = this.state;
    this.state = stateOf({
      me,
      now,
      mine: this.mine,
      asking: this.asking,
      silenced: recall(SILENCED, 'session'),
      connected: this.connected,
      ended: this.ended !== null,
    });
    if (now && this.state !== 'ended') this.ended = null;
    if (this.state === 'ringing' || this.state === 'silenced') this.rang = now?.call ?? null;
    if (before !== this.state) this.ring();
    this.changed();
  }

  private get newcomer(): boolean {
    return this.next !== null || this.room.connection.local() - this.tookAt < NEWCOMER;
  }

  signal(signal: CallSignal): void {
    if (signal.call !== this.now?.call) return;
    const own = signal.person === this.room.me?.person;
    switch (signal.media) {
      case 'elsewhere':
        // A leg of this person was replaced. If ours is the newcomer, it replaced our own old one.
        if (own && this.mine === signal.call && this.leg !== null && !this.newcomer) this.give();
        break;
      case 'moved':
        // Another media process carries the call now: come after, and the old leg is let go.
        if (own && this.mine === signal.call) void this.makeLeg(signal.call);
        break;
      case 'muted':
      case 'unmuted':
        if (!own) this.otherMuted = signal.media === 'muted';
        break;
      case 'held':
      case 'resumed':
        if (own) this.holding = signal.media === 'held';
        else this.otherHolding = signal.media === 'held';
        this.applyTracks();
        this.ring();
        break;
      case 'quality_bad':
      case 'quality_good':
      case 'silent_microphone':
      case 'one_way':
      case 'heard': {
        const whose = own ? 'mine' : 'theirs';
        this.heard = { ...this.heard, [whose]: told(this.heard[whose], signal.media) };
        break;
      }
      case 'reconnecting':
      case 'gone':
        if (!own) this.otherWeak = true;
        break;
      case 'connected':
        if (!own) this.otherWeak = false;
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
      this.hold(await openMicrophone(this.device));
      const { seq } = await command();
      this.waitingFor = { seq, kind };
      setTimeout(() => this.giveUp(seq), 5_000);
    } catch (error) {
      this.asking = null;
      this.release();
      this.explain(error);
    }
    this.look();
  }

  /** The entry that answers our command names the call; on glare it is the other's call. */
  private claim(): void {
    if (!this.waitingFor) return;
    const { seq } = this.waitingFor;
    const event = find(this.room.timeline, seq)?.event;
    if (!event) return;
    this.waitingFor = null;
    this.asking = null;
    if (!('call' in event) || event.kind === 'call_ended') return this.release();
    this.mine = event.call;
    this.mineSince = seq;
    remember(REMEMBERED, event.call, 'session');
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
      this.explain(error);
      this.changed();
    }
  }

  private explain(error: unknown): void {
    if (error instanceof MicrophoneError) this.trouble = error.trouble;
    else if (error instanceof RefusedError) this.refusal = error.message;
    else if (!(error instanceof DOMException)) this.trouble = 'failed';
  }

  // --- sound ---------------------------------------------------------------------------------------

  private async open(call: string): Promise<void> {
    if (this.leg || this.next || this.opening) return;
    this.opening = true;
    try {
      if (!this.stream) this.hold(await openMicrophone(this.device));
      this.opening = false;
      if (this.mine === call) await this.makeLeg(call);
    } catch (error) {
      this.explain(error);
      this.changed();
    } finally {
      this.opening = false;
    }
  }

  /** Offer a leg; once it is connected it takes the place of the one before. */
  private async makeLeg(call: string): Promise<void> {
    const track = this.stream?.getAudioTracks()[0];
    if (!track || this.next) return;
    const leg = new Leg(track, {
      connected: (remote) => this.took(leg, remote),
      broken: () => this.broke(leg, call),
    });
    this.next = leg;
    try {
      const sdp = await leg.offer(await this.room.iceServers());
      if (this.next !== leg || this.mine !== call) return;
      const answer = await this.room.offer(call, leg.id, sdp, this.abort.signal);
      await leg.answer(answer.sdp);
    } catch (error) {
      if (this.next !== leg) return;
      if (error instanceof RefusedError) {
        this.refusal = error.message;
        leg.close();
        this.next = null;
        this.changed();
      } else {
        this.broke(leg, call);
      }
    }
  }

  private took(leg: Leg, remote: MediaStream): void {
    this.retries = 0;
    this.weak = false;
    this.soundIsKnown();
    if (this.leg !== leg) {
      this.tookAt = this.room.connection.local();
      this.leg?.close();
      this.leg = leg;
      if (this.next === leg) this.next = null;
      this.remote = remote;
      this.meters.theirs?.close();
      this.meters.theirs = remote.getAudioTracks().length > 0 ? new Meter(remote) : null;
      this.applyGates();
    }
    this.connected = true;
    this.look();
  }

  private broke(leg: Leg, call: string): void {
    if (leg === this.next) {
      leg.close();
      this.next = null;
    } else if (leg !== this.leg) {
      return;
    }
    this.weak = true;
    if (this.mine !== call) return;
    const wait = this.retries === 0 ? 0 : Math.min(LONGEST_RETRY, 500 * 2 ** this.retries);
    this.retries += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      if (this.mine === call) void this.makeLeg(call);
    }, wait);
    this.changed();
  }

  /** The network may have changed under us. */
  private readonly renew = (): void => {
    if (this.mine && this.leg && this.now?.answered_at) void this.makeLeg(this.mine);
  };

  private hold(stream: MediaStream): void {
    this.stream = stream;
    this.meters.mine?.close();
    this.meters.mine = new Meter(stream);
    this.applyTracks();
    void this.lookForDevices();
  }

  private applyTracks(): void {
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = !this.muted && !this.onHold;
  }

  private applyGates(): void {
    this.applyMute();
    // Not said when open: the server keeps it over a reload, and tells us.
    if (this.holding) this.applyHold();
  }

  private applyHold(): void {
    this.applyTracks();
    if (this.mine) this.room.hold(this.mine, this.holding);
  }

  private applyMute(): void {
    this.applyTracks();
    // Said also when open: after a reload the server's gate may still be closed.
    if (this.mine) this.room.mute(this.mine, this.muted);
  }

  private finish(call: string): void {
    this.release();
    this.ended = { call, end: null, seconds: 0 };
    clearTimeout(this.endedTimer);
    // a call that nobody took leaves something to do: it stays until the person lets go of it
    this.endedTimer = setTimeout(() => (this.unanswered ? undefined : this.dismiss()), ENDED_SHOWN);
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
    this.abort.abort();
    this.abort = new AbortController();
    clearTimeout(this.retryTimer);
    this.leg?.close();
    this.next?.close();
    this.leg = this.next = null;
    this.meters.mine?.close();
    this.meters.theirs?.close();
    this.meters = { mine: null, theirs: null };
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.remote = null;
    if (this.mine !== null) forget(REMEMBERED);
    this.mine = null;
    this.mineSince = 0;
    this.connected = this.weak = this.muted = false;
    this.otherMuted = this.otherWeak = this.holding = this.otherHolding = false;
    this.heard = { mine: WELL, theirs: WELL };
    this.retries = 0;
  }

  private ring(): void {
    const held = this.state === 'active' && this.otherHolding && !this.holding;
    const kind = this.state === 'ringing' ? 'incoming' : this.state === 'calling' ? 'waiting' : held ? 'held' : null;
    if (!kind) {
      this.silent = false;
      return this.ringtone.stop();
    }
    void this.ringtone.start(kind).then((heard) => {
      if (this.state !== 'ringing' || heard) return;
      this.silent = true;
      this.changed();
    });
  }
}

type Timer = ReturnType<typeof setTimeout>;
