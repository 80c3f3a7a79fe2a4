/**
 * Two soft tones for who is called, a low pulse for who waits, a knock for who talks, now and then a
 * chime on hold. Synthesised: nothing to load.
 */
import { audioContext, unlockSound } from './media.js';

/** [start in s, frequency in Hz, length in s] within one round. */
type Note = readonly [number, number, number];

const INCOMING: readonly Note[] = [
  [0, 659.25, 0.55],
  [0.22, 880, 0.7],
  [0.9, 659.25, 0.55],
  [1.12, 880, 0.9],
];
const TONES = {
  incoming: { notes: INCOMING, loudness: 0.16, every: 3_200 },
  knocking: {
    notes: [
      [0, 440, 0.25],
      [0.4, 440, 0.25],
    ],
    loudness: 0.05,
    every: 5_000,
  },
  waiting: { notes: [[0, 425, 1]], loudness: 0.05, every: 4_000 },
  held: {
    notes: [
      [0, 392, 0.5],
      [0.3, 523.25, 0.7],
    ],
    loudness: 0.025,
    every: 6_000,
  },
} as const satisfies Record<string, { notes: readonly Note[]; loudness: number; every: number }>;
type Tone = keyof typeof TONES;

export class Ringtone {
  private timer: ReturnType<typeof setInterval> | undefined;
  private out: GainNode | null = null;
  private kind: Tone | null = null;

  /** Ring until `stop`. False if the browser wants a gesture first. */
  async start(kind: Tone): Promise<boolean> {
    if (this.kind !== kind) {
      this.stop();
      this.kind = kind;
    }
    if (!(await unlockSound())) return false;
    // stopped meanwhile, or begun by another call: two touches come at once when a button is pressed
    if (this.kind === kind && !this.out) this.begin(TONES[kind]);
    return true;
  }

  stop(): void {
    clearInterval(this.timer);
    this.kind = null;
    const out = this.out;
    this.out = null;
    if (!out) return;
    out.gain.setTargetAtTime(0, out.context.currentTime, 0.03);
    setTimeout(() => out.disconnect(), 300);
  }

  private begin({ notes, loudness, every }: (typeof TONES)[Tone]): void {
    const sound = audioContext();
    this.out = sound.createGain();
    this.out.gain.value = loudness;
    this.out.connect(sound.destination);
    const round = (): void => this.play(notes);
    round();
    this.timer = setInterval(round, every);
  }

  private play(notes: readonly Note[]): void {
    if (!this.out) return;
    const sound = audioContext();
    for (const [start, frequency, length] of notes) {
      const from = sound.currentTime + start;
      const gain = sound.createGain();
      gain.gain.setValueAtTime(0, from);
      gain.gain.linearRampToValueAtTime(1, from + 0.03);
      gain.gain.exponentialRampToValueAtTime(0.001, from + length);
      gain.connect(this.out);
      for (const [ratio, loudness] of [[1, 1], [2, 0.18]] as const) {
        const tone = sound.createOscillator();
        const part = sound.createGain();
        tone.frequency.value = frequency * ratio;
        part.gain.value = loudness;
        tone.connect(part).connect(gain);
        tone.start(from);
        tone.stop(from + length);
      }
    }
  }
}
