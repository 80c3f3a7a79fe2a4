/** A voice note: recorded here, listened to, and sent as a sound of the conversation. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { clockFace } from '../countdown.js';
import { LostError } from '../files.js';
import { icon } from '../icons.js';
import { recall } from '../memory.js';
import { RefusedError } from '../outbox.js';
import { LONGEST, Recorder } from '../recorder.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { dialogLook, openerLook } from './dialog.js';
import { refusal } from './refusal.js';

/** Seconds left that are said aloud; every second would be said into what is recorded. */
const NEAR_END = 10;

@customElement('order-room-voice-note')
export class VoiceNote extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  /** Whether the button is one of the main ones, as after a call that nobody answered. */
  @property({ type: Boolean, reflect: true }) prominent = false;

  @state() private open = false;
  @state() private sending = false;
  @state() private problem = '';
  @state() private tick = 0;
  @query('dialog') private dialog!: HTMLDialogElement;
  private recorder: Recorder | null = null;
  private sent = '';
  private abort: AbortController | null = null;
  private frame = 0;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.shut();
  }

  override render(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.talk;
    return html`<button class=${this.prominent ? '' : 'quiet'} data-test="voice-note" @click=${this.show}>
        ${icon('mic', 18)}${t.note}
      </button>
      <dialog data-test="voice-note-dialog" aria-labelledby="title" @close=${() => this.shut()}>
        ${this.open && this.recorder ? this.body(this.recorder) : nothing}
      </dialog>`;
  }

  private body(recorder: Recorder): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.talk;
    const busy = recorder.state === 'recording';
    const left = LONGEST - recorder.seconds;
    const trouble = recorder.trouble && (recorder.trouble === 'unsupported' ? t.unsupported : texts.call.mic[recorder.trouble]);
    return html`<h2 id="title">${t.noteTitle}</h2>
      <p>${t.noteBody}</p>
      <div class="stage ${recorder.state}" data-test="voice-note-state" data-state=${recorder.state} data-tick=${this.tick}>
        ${recorder.url
          ? html`<audio controls src=${recorder.url} data-test="voice-note-audio"></audio>`
          : html`<span class="level" aria-hidden="true"><i class="fill"></i></span>
              <span class="time" role="timer">${clockFace(recorder.seconds * 1000)}</span>
              <small aria-hidden="true">${busy ? `${t.recording}. ${t.left(left)}` : ''}</small>
              <span class="sr" role="status">${busy ? (left > NEAR_END ? t.recording : t.left(NEAR_END)) : ''}</span>`}
      </div>
      ${refusal(trouble || this.problem)}
      <div class="choice">
        <button type="button" data-test="voice-note-close" @click=${() => this.dialog.close()}>${texts.cancelDialog}</button>
        ${busy
          ? html`<button class="danger" data-test="voice-note-stop" @click=${() => recorder.stop()}>${t.stop}</button>`
          : recorder.file
            ? html`<button data-test="voice-note-again" ?disabled=${this.sending} @click=${this.record}>${t.again}</button>
                <button class="primary" data-test="voice-note-send" ?disabled=${this.sending} @click=${this.send}>
                  ${this.sending ? texts.sending : t.send}
                </button>`
            : html`<button class="primary" data-test="voice-note-record" ?disabled=${recorder.state === 'opening'} @click=${this.record}>
                ${icon('mic', 18)}${t.record}
              </button>`}
      </div>`;
  }

  private readonly show = async (): Promise<void> => {
    this.recorder = new Recorder(textsOf(this.language).talk.noteName, () => this.turned());
    this.problem = '';
    this.open = true;
    await this.updateComplete;
    this.dialog.showModal();
  };

  private readonly record = (): void => {
    this.problem = '';
    this.sent = crypto.randomUUID();
    void this.recorder?.start(recall('order-room:microphone', 'local'));
  };

  private turned(): void {
    this.tick += 1;
    if (this.recorder?.state === 'recording' && !this.frame) this.frame = requestAnimationFrame(this.draw);
  }

  private readonly draw = (): void => {
    const { recorder } = this;
    this.frame = recorder?.state === 'recording' ? requestAnimationFrame(this.draw) : 0;
    const level = this.renderRoot.querySelector<HTMLElement>('.level i');
    level?.style.setProperty('--level', (recorder?.meter?.level() ?? 0).toFixed(3));
    this.tick = Math.floor(performance.now() / 500);
  };

  private readonly send = async (): Promise<void> => {
    const file = this.recorder?.file;
    if (!file || this.sending) return;
    this.sending = true;
    this.problem = '';
    this.abort = new AbortController();
    try {
      await this.room.files.shareVoiceNote(this.room.order, file, this.sent, this.abort.signal);
      this.dialog.close();
    } catch (error) {
      if (error instanceof RefusedError) this.problem = error.message;
      else if (error instanceof LostError) this.problem = textsOf(this.language).talk.lost;
    } finally {
      this.sending = false;
    }
  };

  private shut(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.abort?.abort();
    this.recorder?.drop();
    this.recorder = null;
    this.open = false;
  }

  static override readonly styles = [
    base,
    dialogLook,
    openerLook,
    css`
      .stage {
        display: grid;
        justify-items: center;
        gap: 10px;
        margin-top: 18px;
        padding: 22px 16px;
        border-radius: 14px;
        background: var(--sunken);
      }
      audio {
        width: 100%;
      }
      .time {
        font-size: 28px;
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      .level {
        width: 100%;
        max-width: 260px;
        height: 8px;
        border-radius: 4px;
        overflow: hidden;
        background: var(--line);
      }
      .level i {
        display: block;
        height: 100%;
        background: var(--accent);
        transform-origin: left;
        transform: scaleX(var(--level, 0));
      }
      small {
        min-height: 1.35em;
        color: var(--muted);
      }
      .recording .time {
        color: var(--bad);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-voice-note': VoiceNote;
  }
}
