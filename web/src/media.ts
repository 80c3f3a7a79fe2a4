/**
 * The sound of a call: the microphone, one peer connection per leg, and level meters.
 *
 * A leg offers once with all candidates gathered and is answered once; nothing is renegotiated.
 * When the network changes, a second leg is made beside the first and takes over once it is
 * connected, so the other party hears no break.
 */

export type MicrophoneTrouble = 'refused' | 'missing' | 'busy' | 'insecure' | 'other';

export class MicrophoneError extends Error {
  constructor(readonly trouble: MicrophoneTrouble) {
    super(trouble);
    this.name = 'MicrophoneError';
  }
}

/** Open the microphone. Raises `MicrophoneError` with what a person can do something about. */
export async function openMicrophone(device: string | null): Promise<MediaStream> {
  if (!globalThis.isSecureContext || !navigator.mediaDevices) throw new MicrophoneError('insecure');
  const audio: MediaTrackConstraints = {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    channelCount: 1,
    ...(device ? { deviceId: { ideal: device } } : {}),
  };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio });
  } catch (error) {
    throw new MicrophoneError(troubleOf((error as DOMException).name));
  }
}

function troubleOf(name: string): MicrophoneTrouble {
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'refused';
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'AbortError':
      return 'busy';
    default:
      return 'other';
  }
}

export interface Device {
  id: string;
  label: string;
}

/** The microphones of this device; labels are there once the microphone was allowed. */
export async function microphones(): Promise<Device[]> {
  return devices('audioinput');
}

/** The speakers one can choose from here; none where the browser decides by itself. */
export async function speakers(): Promise<Device[]> {
  return 'setSinkId' in HTMLMediaElement.prototype ? devices('audiooutput') : [];
}

/** Play it there. A speaker that is gone leaves the sound where it was. */
export async function playOn(player: HTMLMediaElement, speaker: string): Promise<void> {
  if (!('setSinkId' in player) || player.sinkId === speaker) return;
  await player.setSinkId(speaker).catch(() => undefined);
}

async function devices(kind: MediaDeviceKind): Promise<Device[]> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return all
    .filter((d) => d.kind === kind && d.deviceId !== '' && d.label !== '')
    .map((d) => ({ id: d.deviceId, label: d.label }));
}

const GATHERING_PATIENCE = 3_000;
/** A network that is gone for less than this usually comes back by itself. */
const BROKEN_AFTER = 2_000;
const CONNECTING_PATIENCE = 15_000;
const LISTEN_EVERY = 400;
/** A look that comes later than by this says that the page stood still; hidden ones look once a second. */
const LATE = 700;
/**
 * The server sends something every second and a half, whoever is muted or on hold, so this long a
 * silence is a lost path. Browsers say so by themselves only after five seconds and more.
 */
const LOST_AFTER = 2_000;

export interface LegEvents {
  /** The first sound packets can flow. */
  connected(remote: MediaStream): void;
  /** Nothing comes over it at the moment; it may come back by itself. */
  faltering?(): void;
  /** It will not come back: make another leg. */
  broken(): void;
}

export class Leg {
  readonly id = crypto.randomUUID();
  private readonly pc = new RTCPeerConnection();
  private readonly sender: RTCRtpSender;
  private remote: MediaStream;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private listening: ReturnType<typeof setInterval> | undefined;
  private came = -1;
  private cameAt = 0;
  private listenedAt = 0;
  private faltered = false;
  private over = false;

  constructor(
    track: MediaStreamTrack,
    private readonly events: LegEvents,
  ) {
    this.remote = new MediaStream();
    this.sender = this.pc.addTransceiver(track, { direction: 'sendrecv' }).sender;
    this.pc.ontrack = ({ track: theirs, streams }) => {
      this.remote = streams[0] ?? new MediaStream([theirs]);
    };
    this.pc.onconnectionstatechange = () => this.changed();
    this.timer = setTimeout(() => this.fail(), CONNECTING_PATIENCE);
  }

  /** The complete offer; `servers` are those through which this browser can be reached. */
  async offer(servers: RTCIceServer[]): Promise<string> {
    this.pc.setConfiguration({ iceServers: servers });
    await this.pc.setLocalDescription(await this.pc.createOffer());
    await this.gathered();
    const description = this.pc.localDescription;
    if (!description) throw new Error('the peer connection was closed');
    return description.sdp;
  }

  async answer(sdp: string): Promise<void> {
    if (this.over) return;
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
  }

  /** Another microphone, without asking anybody. */
  async replace(track: MediaStreamTrack): Promise<void> {
    await this.sender.replaceTrack(track);
  }

  close(): void {
    this.over = true;
    clearTimeout(this.timer);
    clearInterval(this.listening);
    this.pc.onconnectionstatechange = this.pc.ontrack = null;
    this.pc.close();
  }

  private gathered(): Promise<void> {
    const { pc } = this;
    if (pc.iceGatheringState === 'complete') return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(patience);
        pc.removeEventListener('icegatheringstatechange', look);
        resolve();
      };
      const look = (): void => {
        if (pc.iceGatheringState === 'complete') done();
      };
      const patience = setTimeout(done, GATHERING_PATIENCE);
      pc.addEventListener('icegatheringstatechange', look);
    });
  }

  private changed(): void {
    switch (this.pc.connectionState) {
      case 'connected':
        this.stand();
        if (this.events.faltering) this.listening ??= setInterval(() => void this.listen(), LISTEN_EVERY);
        break;
      case 'disconnected':
        this.falter();
        break;
      case 'failed':
        this.fail();
        break;
      default:
        break;
    }
  }

  private stand(): void {
    clearTimeout(this.timer);
    this.faltered = false;
    this.cameAt = this.listenedAt = performance.now();
    this.events.connected(this.remote);
  }

  private falter(): void {
    if (this.faltered) return;
    this.faltered = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fail(), BROKEN_AFTER);
    this.events.faltering?.();
  }

  private async listen(): Promise<void> {
    const came = arrived(await this.pc.getStats());
    if (this.over) return;
    const now = performance.now();
    this.cameAt = countedFrom(this.cameAt, this.listenedAt, now);
    this.listenedAt = now;
    if (came !== this.came) {
      this.came = came;
      this.cameAt = now;
      if (this.faltered) this.stand();
    } else if (now - this.cameAt >= LOST_AFTER) {
      this.falter();
    }
  }

  private fail(): void {
    if (this.over) return;
    clearTimeout(this.timer);
    clearInterval(this.listening);
    this.events.broken();
  }
}

/**
 * From when a silence counts: while the page itself stands still it hears nothing, and that is no
 * lost path. Pure; milliseconds of one clock.
 */
export function countedFrom(cameAt: number, listenedAt: number, now: number): number {
  const late = now - listenedAt - LISTEN_EVERY;
  return late > LATE ? Math.min(now, cameAt + late) : cameAt;
}

/** A number that grows with whatever comes from the server: sound, reports, answers to checks. */
function arrived(stats: RTCStatsReport): number {
  let sum = 0;
  stats.forEach((each: Record<string, unknown>) => {
    for (const what of ['bytesReceived', 'responsesReceived', 'reportsSent']) {
      const count = each[what];
      if (typeof count === 'number') sum += count;
    }
  });
  return sum;
}

let context: AudioContext | null = null;

/** The page's one audio context; browsers let it run only after a person touched the page. */
export function audioContext(): AudioContext {
  context ??= new AudioContext();
  return context;
}

/** What a person does that a browser may take as leave to play: for a finger, that it lifts. */
export const GESTURES = ['pointerdown', 'pointerup', 'click', 'keydown'] as const;

/** Ask for sound; resolves once it can be heard, which may take a gesture and then asking again. */
export async function letSound(): Promise<void> {
  const sound = audioContext();
  if (sound.state !== 'running') await sound.resume();
}

/** Whether sound can be heard now; a gesture is needed otherwise. */
export async function unlockSound(): Promise<boolean> {
  await Promise.race([letSound(), new Promise((resolve) => setTimeout(resolve, 300))]);
  return audioContext().state === 'running';
}

/** The same sound, so many seconds later. */
export class Late {
  readonly stream: MediaStream;
  private readonly source: MediaStreamAudioSourceNode;
  private readonly delay: DelayNode;

  constructor(stream: MediaStream, seconds: number) {
    const sound = audioContext();
    this.source = sound.createMediaStreamSource(stream);
    this.delay = sound.createDelay(seconds + 1);
    this.delay.delayTime.value = seconds;
    const out = sound.createMediaStreamDestination();
    this.source.connect(this.delay).connect(out);
    this.stream = out.stream;
  }

  close(): void {
    this.source.disconnect();
    this.delay.disconnect();
  }
}

/** How loud a stream is, 0 to 1, on a scale that follows the ear. */
export class Meter {
  private readonly source: MediaStreamAudioSourceNode;
  private readonly analyser: AnalyserNode;
  private readonly samples: Float32Array<ArrayBuffer>;
  private shown = 0;

  constructor(stream: MediaStream) {
    const sound = audioContext();
    this.source = sound.createMediaStreamSource(stream);
    this.analyser = sound.createAnalyser();
    this.analyser.fftSize = 512;
    this.samples = new Float32Array(this.analyser.fftSize);
    this.source.connect(this.analyser);
  }

  level(): number {
    this.analyser.getFloatTimeDomainData(this.samples);
    let sum = 0;
    for (const sample of this.samples) sum += sample * sample;
    const decibels = 10 * Math.log10(sum / this.samples.length + 1e-10);
    const level = Math.min(1, Math.max(0, (decibels + 55) / 45));
    this.shown = level > this.shown ? level : this.shown * 0.85 + level * 0.15;
    return this.shown;
  }

  close(): void {
    this.source.disconnect();
  }
}
