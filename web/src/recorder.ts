/** A voice note while it is recorded: at most two minutes, with a level to see that one is heard. */
import { Meter, MicrophoneError, openMicrophone, type MicrophoneTrouble } from './media.js';

export const LONGEST = 120;
/** What browsers can write; the first that this one knows is taken. */
const TYPES = [
  ['audio/ogg;codecs=opus', 'ogg'],
  ['audio/webm;codecs=opus', 'webm'],
  ['audio/mp4', 'm4a'],
] as const;

export type Recording = 'idle' | 'opening' | 'recording' | 'recorded';

export class Recorder {
  state: Recording = 'idle';
  trouble: MicrophoneTrouble | 'unsupported' | null = null;
  meter: Meter | null = null;
  file: File | null = null;
  /** For listening before sending. */
  url: string | null = null;

  private stream: MediaStream | null = null;
  private recorder: MediaRecorder | null = null;
  private began = 0;
  private length = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly name: string,
    private readonly changed: () => void,
  ) {}

  /** Whole seconds recorded so far. */
  get seconds(): number {
    if (this.state === 'recording') return Math.min(LONGEST, Math.floor((performance.now() - this.began) / 1000));
    return Math.round(this.length);
  }

  async start(device: string | null): Promise<void> {
    if (this.state === 'opening' || this.state === 'recording') return;
    this.drop();
    const known = TYPES.find(([type]) => globalThis.MediaRecorder?.isTypeSupported(type));
    if (!known) return this.fail('unsupported');
    this.turn('opening');
    try {
      this.stream = await openMicrophone(device);
    } catch (error) {
      return this.fail(error instanceof MicrophoneError ? error.trouble : 'other');
    }
    if (this.state !== ('opening' as Recording)) return this.release(); // given up meanwhile
    const [type, ending] = known;
    const parts: Blob[] = [];
    const recorder = new MediaRecorder(this.stream, { mimeType: type, audioBitsPerSecond: 24_000 });
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onstop = () => {
      if (this.recorder !== recorder) return;
      const kind = type.split(';')[0] ?? type;
      this.file = new File(parts, `${this.name}.${ending}`, { type: kind });
      this.url = URL.createObjectURL(this.file);
      this.release();
      this.turn('recorded');
    };
    this.recorder = recorder;
    this.meter = new Meter(this.stream);
    this.began = performance.now();
    this.timer = setTimeout(() => this.stop(), LONGEST * 1000);
    recorder.start();
    this.turn('recording');
  }

  stop(): void {
    if (this.state !== 'recording') return;
    this.length = Math.min(LONGEST, (performance.now() - this.began) / 1000);
    this.recorder?.stop();
  }

  /** Throw away what was recorded, and let go of the microphone. */
  drop(): void {
    const recorder = this.recorder;
    this.recorder = null;
    if (recorder && recorder.state !== 'inactive') recorder.stop();
    this.release();
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = this.file = this.trouble = null;
    this.length = 0;
    this.turn('idle');
  }

  private fail(trouble: MicrophoneTrouble | 'unsupported'): void {
    this.trouble = trouble;
    this.turn('idle');
  }

  private release(): void {
    clearTimeout(this.timer);
    this.meter?.close();
    this.meter = null;
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
  }

  private turn(state: Recording): void {
    this.state = state;
    this.changed();
  }
}
