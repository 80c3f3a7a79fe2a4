/** A test of microphone, network and speaker: what one says comes back over the way of a call. */
import { Late, Leg, Meter, MicrophoneError, openMicrophone, unlockSound, type MicrophoneTrouble } from './media.js';
import { RefusedError } from './outbox.js';
import type { OrderRoom } from './room.js';

/** Seconds by which one hears oneself later: enough to tell it from one's own voice. */
const LATER = 1;
const LOOK = 100;
/** The server ends it after a minute; a person knows long before. */
const LONGEST = 45_000;

/** What was seen so far, in milliseconds. */
export interface Observed {
  /** Since sound can flow. */
  connected: number;
  /** For how long the microphone gave more than a quiet room. */
  said: number;
  /** For how long such sound came back. */
  back: number;
}

export type Verdict = 'listening' | 'heard' | 'silent' | 'lost';

const ENOUGH = 600;
const PATIENT = 8_000;
const LOST = 4_000;

/** A level above which somebody speaks; a quiet room and its noise stay below. */
export const SPEECH = 0.2;

/** What can be said by now. Pure. */
export function judge({ connected, said, back }: Observed): Verdict {
  if (back >= ENOUGH) return 'heard';
  if (said >= LOST) return 'lost';
  return connected >= PATIENT && said < ENOUGH ? 'silent' : 'listening';
}

export type EchoState = 'idle' | 'opening' | 'blocked' | Verdict;

export class EchoTest {
  state: EchoState = 'idle';
  trouble: MicrophoneTrouble | null = null;
  /** The sentence of a refusal. */
  refusal: string | null = null;
  mine: Meter | null = null;
  /** What came back, to be played as it is, without a sound, or the browser lets none flow. */
  returned: MediaStream | null = null;
  /** The same, later: for the ear. */
  audible: MediaStream | null = null;

  private stream: MediaStream | null = null;
  private leg: Leg | null = null;
  private back: Meter | null = null;
  private late: Late | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;
  private end: ReturnType<typeof setTimeout> | undefined;
  private abort = new AbortController();

  constructor(
    private readonly room: OrderRoom,
    private readonly changed: () => void,
  ) {}

  get running(): boolean {
    return this.leg !== null || this.state === 'opening';
  }

  async start(microphone: string | null): Promise<void> {
    this.stop();
    const { abort } = this;
    this.state = 'opening';
    this.changed();
    void unlockSound();
    try {
      const stream = await openMicrophone(microphone);
      if (abort.signal.aborted) return stream.getTracks().forEach((track) => track.stop());
      this.stream = stream;
      this.mine = new Meter(stream);
      await this.connect(stream, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      this.fail(error);
    }
  }

  stop(): void {
    this.abort.abort();
    this.abort = new AbortController();
    this.release();
    this.state = 'idle';
    this.trouble = this.refusal = null;
    this.changed();
  }

  private async connect(stream: MediaStream, signal: AbortSignal): Promise<void> {
    const track = stream.getAudioTracks()[0];
    if (!track) throw new MicrophoneError('other');
    const leg = new Leg(track, {
      connected: (remote) => this.leg === leg && this.listen(remote),
      broken: () => this.leg === leg && this.fail(null),
    });
    this.leg = leg;
    const sdp = await leg.offer(await this.room.iceServers());
    await leg.answer((await this.room.echo(leg.id, sdp, signal)).sdp);
  }

  private listen(remote: MediaStream): void {
    if (this.back) return;
    this.state = 'listening';
    this.returned = remote;
    this.back = new Meter(remote);
    this.late = new Late(remote, LATER);
    this.audible = this.late.stream;
    const seen = { connected: 0, said: 0, back: 0 };
    let last = performance.now();
    this.timer = setInterval(() => {
      const now = performance.now();
      const passed = Math.min(1_000, now - last);
      last = now;
      seen.connected += passed;
      if ((this.mine?.level() ?? 0) > SPEECH) seen.said += passed;
      if ((this.back?.level() ?? 0) > SPEECH) seen.back += passed;
      // what was heard once was heard; the others may turn out well yet
      if (this.state === 'heard') return;
      const verdict = judge(seen);
      if (verdict === this.state) return;
      this.state = verdict;
      this.changed();
    }, LOOK);
    this.end = setTimeout(() => {
      this.release();
      if (this.state === 'listening') this.state = 'silent';
      this.changed();
    }, LONGEST);
    this.changed();
  }

  private fail(error: unknown): void {
    this.release();
    this.state = 'idle';
    if (error instanceof MicrophoneError) this.trouble = error.trouble;
    else if (error instanceof RefusedError) this.refusal = error.message;
    else this.state = 'blocked';
    this.changed();
  }

  private release(): void {
    clearInterval(this.timer);
    clearTimeout(this.end);
    this.leg?.close();
    this.mine?.close();
    this.back?.close();
    this.late?.close();
    this.stream?.getTracks().forEach((track) => track.stop());
    this.leg = this.mine = this.back = this.late = this.stream = null;
    this.returned = this.audible = null;
  }
}
