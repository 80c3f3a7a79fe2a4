/** A sound with its wave: played in place, and found again at any point of it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { clockFace } from '../countdown.js';
import { icon } from '../icons.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

const BARS = 56;
const STEP = 5;

/** So many bars out of a finer wave, each the loudest of its part; between 0 and 100. */
export function bars(peaks: readonly number[], count: number): number[] {
  if (peaks.length === 0) return Array.from({ length: count }, () => 30);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((i + 1) * peaks.length) / count));
    return Math.max(...peaks.slice(from, to));
  });
}

@customElement('order-room-sound')
export class Sound extends LitElement {
  @property() name = '';
  @property({ attribute: false }) peaks: readonly number[] = [];
  /** Its length in milliseconds, if it is known before it is played. */
  @property({ type: Number }) millis = 0;
  @property() language: Language = 'fr';
  /** Fetches a fresh address; links are good for some minutes only. */
  @property({ attribute: false }) address: () => Promise<string | null> = async () => null;

  @state() private playing = false;
  @state() private at = 0;
  @state() private length = 0;
  @state() private source = '';
  @query('audio') private audio!: HTMLAudioElement;

  private get seconds(): number {
    return this.length || this.millis / 1000;
  }

  private readonly toggle = async (): Promise<void> => {
    if (this.playing) return this.audio.pause();
    if (!this.source) {
      this.source = (await this.address()) ?? '';
      await this.updateComplete;
    }
    if (this.source) await this.audio.play().catch(() => (this.source = ''));
  };

  private readonly sought = async (event: Event): Promise<void> => {
    this.at = (event.target as HTMLInputElement).valueAsNumber;
    if (this.source) this.audio.currentTime = this.at;
  };

  override render(): TemplateResult {
    const t = textsOf(this.language).upload;
    const { seconds } = this;
    const part = seconds > 0 ? this.at / seconds : 0;
    const face = (s: number): string => clockFace(Math.round(s) * 1000);
    return html`<div class="player" data-test="file-sound" data-playing=${this.playing}>
      <button class="primary round" data-test="sound-play" aria-label=${this.playing ? t.pause : t.play(this.name)} @click=${this.toggle}>
        ${icon(this.playing ? 'pause' : 'triangle', 20)}
      </button>
      <div class="wave">
        <div class="bars" aria-hidden="true">
          ${bars(this.peaks, BARS).map((peak, i) => html`<i class=${i / BARS < part ? 'past' : ''} style="height: ${Math.max(8, peak)}%"></i>`)}
        </div>
        <input type="range" min="0" max=${Math.max(1, seconds)} step=${seconds > 60 ? STEP : 0.5} .value=${String(this.at)}
          aria-label=${t.position} aria-valuetext=${t.at(face(this.at), face(seconds))} @input=${this.sought} />
      </div>
      <small>${seconds > 0 ? face(this.playing || this.at > 0 ? this.at : seconds) : nothing}</small>
      <audio
        data-test="sound-audio"
        src=${this.source || nothing}
        preload="metadata"
        @play=${() => (this.playing = true)}
        @pause=${() => (this.playing = false)}
        @ended=${() => (this.at = 0)}
        @timeupdate=${() => (this.at = this.audio.currentTime)}
        @loadedmetadata=${() => {
          if (Number.isFinite(this.audio.duration)) this.length = this.audio.duration;
          if (this.at > 0) this.audio.currentTime = this.at;
        }}
      ></audio>
    </div>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        min-width: min(270px, 100%);
      }
      .player {
        display: flex;
        align-items: center;
        gap: 10px;
        padding: 10px 14px 4px;
      }
      .primary {
        flex: none;
      }
      .wave {
        position: relative;
        flex: 1;
        min-width: 0;
        height: 40px;
      }
      .bars {
        display: flex;
        align-items: center;
        gap: 1.5px;
        height: 100%;
        overflow: hidden;
      }
      i {
        flex: 1;
        min-width: 1px;
        border-radius: 1px;
        background: color-mix(in srgb, var(--muted) 55%, transparent);
      }
      .past {
        background: var(--accent);
      }
      input {
        position: absolute;
        inset: 0;
        width: 100%;
        height: 100%;
        margin: 0;
        opacity: 0;
        cursor: pointer;
      }
      .wave:has(input:focus-visible) {
        outline: 2.5px solid var(--accent);
        outline-offset: 2px;
        border-radius: 4px;
      }
      small {
        min-width: 34px;
        text-align: end;
        font-size: 13px;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-sound': Sound;
  }
}
