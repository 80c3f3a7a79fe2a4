/** What rings and is talked about other orders, in the panels of their calls. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { GESTURES, playOn } from '../media.js';
import type { OtherCalls } from '../other-calls.js';
import { base } from '../styles.js';
import type { Language } from '../texts/index.js';
import './call-panel.js';

@customElement('order-room-rings')
export class Rings extends LitElement {
  @property({ attribute: false }) calls!: OtherCalls;
  /** Where an order is shown; `{order}` stands for its id. Without it there is no link. */
  @property() href = '';
  @property() language: Language = 'fr';
  /** As in the panel of a call. */
  @property({ type: Boolean }) narrow = false;
  @property({ type: Boolean }) low = false;
  /** Changes whenever the calls may have. */
  @property({ type: Number }) revision = 0;

  override connectedCallback(): void {
    super.connectedCallback();
    for (const event of GESTURES) addEventListener(event, this.touched, true);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const event of GESTURES) removeEventListener(event, this.touched, true);
  }

  private readonly touched = (): void => {
    this.calls.touched();
    for (const audio of this.renderRoot.querySelectorAll('audio')) {
      if (audio.srcObject && audio.paused) void audio.play().catch(() => undefined);
    }
  };

  override updated(): void {
    const shown = new Map(this.calls.shown);
    this.hidden = shown.size === 0;
    for (const audio of this.renderRoot.querySelectorAll('audio')) {
      const call = shown.get(audio.dataset['order'] ?? '')?.call;
      if (!call) continue;
      audio.muted = call.onHold;
      void playOn(audio, call.sound.speaker);
      if (audio.srcObject === call.sound.remote) continue;
      audio.srcObject = call.sound.remote;
      if (call.sound.remote) audio.play().catch(() => (call.silent = true)); // until the next touch
    }
  }

  override render(): TemplateResult {
    const { calls } = this;
    return html`${repeat(
      calls.shown,
      ([order]) => order,
      ([order, { room, call }]) => {
        const line = calls.line(order);
        const rings = call.state === 'ringing' || call.state === 'silenced';
        return html`<div data-test=${rings ? 'rings-elsewhere' : 'talks-elsewhere'} data-order=${order}>
          <order-room-call
            .call=${call}
            .room=${room}
            .gate=${room.situation?.calls ?? { open: false }}
            .other=${room.other?.name ?? line?.other ?? ''}
            .about=${line?.title ?? ''}
            .href=${this.href.replace('{order}', encodeURIComponent(order))}
            .language=${this.language}
            .clock=${() => calls.connection.now()}
            .online=${calls.connection.status === 'online'}
            ?narrow=${this.narrow}
            .low=${this.low}
            .revision=${this.revision}
          ></order-room-call>
          <audio data-test="elsewhere-audio" data-order=${order} autoplay hidden></audio>
        </div>`;
      },
    )}`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 8px;
      }
      :host([hidden]) {
        display: none;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-rings': Rings;
  }
}
