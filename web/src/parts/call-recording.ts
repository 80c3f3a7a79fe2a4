/** Recording in the call's panel: asking, being asked, and the lamp while it is on. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { inWords } from '../countdown.js';
import { audioContext } from '../media.js';
import { RefusedError } from '../outbox.js';
import type { CallNow } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

@customElement('order-room-call-recording')
export class CallRecording extends LitElement {
  @property({ attribute: false }) now: CallNow | null = null;
  @property({ attribute: false }) room: OrderRoom | null = null;
  @property() me = '';
  @property() other = '';
  @property() language: Language = 'fr';

  @state() private busy = false;
  @state() private refusal = '';
  private announced = '';

  override updated(): void {
    const recording = this.now?.recording;
    if (recording?.state === 'on' && this.announced !== recording.recording) {
      this.announced = recording.recording;
      announce();
    }
  }

  private async tell(said: Parameters<OrderRoom['record']>[0]): Promise<void> {
    if (!this.room || this.busy) return;
    this.busy = true;
    this.refusal = '';
    try {
      await this.room.record(said);
    } catch (error) {
      this.refusal = error instanceof RefusedError ? error.message : textsOf(this.language).call.failed;
    } finally {
      this.busy = false;
    }
  }

  override render(): TemplateResult | typeof nothing {
    const { now } = this;
    if (!now || (!now.recording_kept && !now.recording)) return nothing;
    return html`<div role="status" class="all">${this.body(now)}</div>
      ${this.refusal ? html`<p class="refusal" role="alert" data-test="recording-refusal">${this.refusal}</p>` : nothing}`;
  }

  private body(now: CallNow): TemplateResult {
    const t = textsOf(this.language).recording;
    const { recording } = now;
    const kept = inWords((now.recording_kept ?? 0) * 1000, this.language);
    if (!recording) {
      return html`<button class="link" data-test="recording-ask" title=${t.askHint(this.other, kept)} ?disabled=${this.busy}
        @click=${() => this.tell({ t: 'recording.ask', call: now.call })}>${t.ask}</button>`;
    }
    const id = recording.recording;
    if (recording.state === 'on') {
      return html`<p class="lamp" data-test="recording-on"><i aria-hidden="true"></i><span>${t.on}</span></p>
        <button class="link" data-test="recording-stop" ?disabled=${this.busy}
          @click=${() => this.tell({ t: 'recording.stop', recording: id })}>${t.stop}</button>`;
    }
    if (recording.asked_by === this.me) {
      return html`<p data-test="recording-waiting">${t.waiting(this.other)}</p>
        <button class="link" data-test="recording-take-back" ?disabled=${this.busy}
          @click=${() => this.tell({ t: 'recording.stop', recording: id })}>${t.takeBack}</button>`;
    }
    return html`<div class="question" data-test="recording-asked">
      <h3>${t.asked(this.other)}</h3>
      <p>${t.askedHint(kept)}</p>
      <div class="row">
        <button data-test="recording-refuse" ?disabled=${this.busy}
          @click=${() => this.tell({ t: 'recording.answer', recording: id, agree: false })}>${t.refuse}</button>
        <button class="primary" data-test="recording-agree" ?disabled=${this.busy}
          @click=${() => this.tell({ t: 'recording.answer', recording: id, agree: true })}>${t.agree}</button>
      </div>
    </div>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        font-size: 14px;
      }
      .all {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 4px 12px;
      }
      .all:has(> *) {
        margin-top: 6px;
      }
      button.link {
        min-height: 44px;
      }
      .lamp {
        display: flex;
        align-items: center;
        gap: 9px;
        font-weight: 600;
      }
      .lamp i {
        flex: none;
        width: 11px;
        height: 11px;
        border-radius: 50%;
        background: #ff5a4d;
        animation: breathe 2s ease-in-out infinite;
      }
      @keyframes breathe {
        50% {
          opacity: 0.35;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .lamp i {
          animation: none;
        }
      }
      .question {
        display: grid;
        gap: 8px;
        padding: 12px 14px;
        border-radius: 12px;
        background: var(--surface);
      }
      h3 {
        font-size: 15px;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        gap: 10px;
      }
      .row button {
        flex: 1;
      }
    `,
  ];
}

/** Two short tones, heard on this side only: from now on it is recorded. */
function announce(): void {
  const sound = audioContext();
  [880, 660].forEach((frequency, at) => {
    const from = sound.currentTime + at * 0.22;
    const [tone, gain] = [sound.createOscillator(), sound.createGain()];
    tone.frequency.value = frequency;
    gain.gain.setValueAtTime(0.08, from);
    gain.gain.exponentialRampToValueAtTime(0.001, from + 0.2);
    tone.connect(gain).connect(sound.destination);
    tone.start(from);
    tone.stop(from + 0.2);
  });
}
