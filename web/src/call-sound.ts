/**
 * The sound of one call in this tab: the microphone, the leg to the server, and how loud it is.
 *
 * A leg that breaks is followed by another; one that is made beside the present one, because the
 * network changed, takes its place once it is heard, so the other party hears no break.
 */
import { Leg, Meter, MicrophoneError, microphones, openMicrophone, speakers, type Device } from './media.js';
import { recall, remember } from './memory.js';
import { RefusedError } from './outbox.js';
import type { OrderRoom } from './room.js';

const CHOSEN = 'order-room:microphone';
const SPEAKER = 'order-room:speaker';
const LONGEST_RETRY = 8_000;
/** The server and we see a leg connect at almost the same time, in either order. */
const NEWCOMER = 5_000;

/** What its owner is told. */
export interface Listener {
  /** A leg is connected; `fresh` if it took the place of another one, or is the first. */
  connected(fresh: boolean): void;
  /** The microphone is open. */
  opened(): void;
  /** The microphone does not open, or the server refuses the leg. */
  failed(error: unknown): void;
  changed(): void;
}

export class CallSound {
  /** Trying to come back. */
  weak = false;
  devices: readonly Device[] = [];
  device: string | null = recall(CHOSEN, 'local');
  /** None where the browser lets nobody choose. */
  speakers: readonly Device[] = [];
  speaker = recall(SPEAKER, 'local') ?? '';
  remote: MediaStream | null = null;
  meters: { mine: Meter | null; theirs: Meter | null } = { mine: null, theirs: null };

  /** The call that is or shall be heard here. */
  private call: string | null = null;
  private passes = true;
  private stream: MediaStream | null = null;
  private leg: Leg | null = null;
  private next: Leg | null = null;
  private abort = new AbortController();
  /** Opening the microphone for a call that is ours already. */
  private opening = false;
  /** It did not open: it is not asked for again before a person wishes so, or a device comes. */
  private unopened = false;
  /** Opening one in place of another. */
  private reopening = false;
  /** When the present leg took over, on the local clock. */
  private tookAt = -Infinity;
  private retries = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly room: OrderRoom,
    private readonly listener: Listener,
  ) {}

  /** Open the microphone ahead of a call. Raises `MicrophoneError`. */
  async prepare(): Promise<void> {
    this.take(await this.opened());
  }

  /** Let the call be heard here, if it is not already. */
  async open(call: string): Promise<void> {
    this.call = call;
    if (this.leg || this.next || this.opening || this.unopened) return;
    this.opening = true;
    try {
      if (!this.stream) await this.prepare();
      this.opening = false;
      if (this.call === call) await this.reach(call);
    } catch (error) {
      if (this.call !== call) return; // over meanwhile
      this.unopened = error instanceof MicrophoneError;
      navigator.mediaDevices?.addEventListener('devicechange', this.plugged);
      this.listener.failed(error);
    } finally {
      this.opening = false;
    }
  }

  /** Ask again for a microphone that did not open. */
  retry(): void {
    this.unopened = false;
    if (this.stream) void this.reopen();
    else if (this.call !== null) void this.open(this.call);
  }

  /** Another leg beside the present one, which it replaces once it is heard. */
  again(): void {
    if (this.call !== null) void this.reach(this.call);
  }

  /** Whether there is a leg that can be replaced. */
  get stands(): boolean {
    return this.leg !== null;
  }

  /** Whether our leg is so new that what is said of a replaced one is said of our own old one. */
  get newcomer(): boolean {
    return this.next !== null || this.room.connection.local() - this.tookAt < NEWCOMER;
  }

  /** Let the microphone through, or not. */
  pass(on: boolean): void {
    this.passes = on;
    for (const track of this.stream?.getAudioTracks() ?? []) track.enabled = on;
  }

  async lookForDevices(): Promise<void> {
    [this.devices, this.speakers] = await Promise.all([microphones(), speakers()]);
    this.listener.changed();
  }

  chooseSpeaker(speaker: string): void {
    this.speaker = speaker;
    remember(SPEAKER, speaker, 'local');
    this.listener.changed();
  }

  async choose(device: string): Promise<void> {
    this.device = device;
    remember(CHOSEN, device, 'local');
    await this.reopen();
    this.listener.changed();
  }

  /** Open the microphone anew, for a leg that goes on. */
  private async reopen(): Promise<void> {
    if (!this.stream) return;
    this.reopening = true;
    try {
      const stream = await this.opened();
      const track = stream.getAudioTracks()[0];
      if (!track) return;
      stop(this.stream);
      this.take(stream);
      await Promise.all([this.leg?.replace(track), this.next?.replace(track)]);
    } catch (error) {
      if (!this.stream) return; // the call is over
      this.listener.failed(error instanceof MicrophoneError ? error : new MicrophoneError('other'));
    } finally {
      this.reopening = false;
    }
  }

  /** Something was plugged in or unplugged; browsers tell what became of our own microphone apart. */
  private readonly plugged = (): void => {
    void this.lookForDevices();
    const ended = this.stream?.getAudioTracks()[0]?.readyState === 'ended' && !this.reopening;
    if (this.unopened || ended) this.retry();
  };

  /** Let go of the devices and the leg. */
  close(): void {
    this.abort.abort();
    this.abort = new AbortController();
    clearTimeout(this.retryTimer);
    this.leg?.close();
    this.next?.close();
    this.leg = this.next = null;
    this.meters.mine?.close();
    this.meters.theirs?.close();
    this.meters = { mine: null, theirs: null };
    stop(this.stream);
    navigator.mediaDevices?.removeEventListener('devicechange', this.plugged);
    this.stream = this.remote = this.call = null;
    this.unopened = false;
    this.passes = true;
    this.weak = false;
    this.retries = 0;
  }

  /** Offer a leg; once it is connected it takes the place of the one before. */
  private async reach(call: string): Promise<void> {
    const track = this.stream?.getAudioTracks()[0];
    if (!track || this.next) return;
    const leg = new Leg(track, {
      connected: (remote) => this.took(leg, remote),
      faltering: () => this.falter(leg),
      broken: () => this.broke(leg, call),
    });
    this.next = leg;
    try {
      const sdp = await leg.offer(await this.room.iceServers());
      if (this.next !== leg || this.call !== call) return;
      const answer = await this.room.offer(call, leg.id, sdp, this.abort.signal);
      await leg.answer(answer.sdp);
    } catch (error) {
      if (this.next !== leg) return;
      // refused for good, or lost on the way
      if (error instanceof RefusedError) {
        leg.close();
        this.next = null;
        this.listener.failed(error);
      } else {
        this.broke(leg, call);
      }
    }
  }

  private took(leg: Leg, remote: MediaStream): void {
    this.retries = 0;
    this.weak = false;
    const fresh = this.leg !== leg;
    if (fresh) {
      this.tookAt = this.room.connection.local();
      this.leg?.close();
      this.leg = leg;
      if (this.next === leg) this.next = null;
      this.remote = remote;
      this.meters.theirs?.close();
      this.meters.theirs = remote.getAudioTracks().length > 0 ? new Meter(remote) : null;
    }
    this.listener.connected(fresh);
  }

  /** The server heard nothing of us lately, or hears us again. */
  missed(heard: boolean): void {
    this.weak = !heard;
    if (!heard) this.again();
    this.listener.changed();
  }

  private falter(leg: Leg): void {
    if (leg !== this.leg) return;
    this.weak = true;
    this.listener.changed();
  }

  private broke(leg: Leg, call: string): void {
    if (leg === this.next) {
      leg.close();
      this.next = null;
    } else if (leg !== this.leg) {
      return;
    }
    this.weak = true;
    if (this.call !== call) return;
    const wait = this.retries === 0 ? 0 : Math.min(LONGEST_RETRY, 500 * 2 ** this.retries);
    this.retries += 1;
    clearTimeout(this.retryTimer);
    this.retryTimer = setTimeout(() => {
      if (this.call === call) void this.reach(call);
    }, wait);
    this.listener.changed();
  }

  /** The microphone. If we are closed before a person allows it, it is closed too: raises `AbortError`. */
  private async opened(): Promise<MediaStream> {
    const { signal } = this.abort;
    const stream = await openMicrophone(this.device);
    if (!signal.aborted) return stream;
    stop(stream);
    throw new DOMException('', 'AbortError');
  }

  private take(stream: MediaStream): void {
    this.stream = stream;
    this.meters.mine?.close();
    this.meters.mine = new Meter(stream);
    this.pass(this.passes);
    // unplugged, or no longer allowed
    stream.getAudioTracks()[0]?.addEventListener('ended', () => {
      if (this.stream === stream) void this.reopen();
    });
    navigator.mediaDevices.addEventListener('devicechange', this.plugged);
    void this.lookForDevices();
    this.listener.opened();
  }
}

function stop(stream: MediaStream | null): void {
  stream?.getTracks().forEach((track) => track.stop());
}
