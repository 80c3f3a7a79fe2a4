/** What is wrong with a call's sound and what helps: said while it is so, and politely. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Advice } from '../call-quality.js';
import { icon } from '../icons.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

/** Tells `reconnect`, `reopen` or `choose`: what the person pressed. */
@customElement('order-room-call-advice')
export class CallAdvice extends LitElement {
  @property({ attribute: false }) advice: Advice | null = null;
  @property() other = '';
  @property() language: Language = 'fr';
  /** Whether there is another microphone to choose. */
  @property({ type: Boolean }) choice = false;

  override render(): TemplateResult {
    const { advice } = this;
    const t = textsOf(this.language).sound;
    const action = advice === 'my_sound' ? 'reconnect' : advice === 'my_microphone' ? (this.choice ? 'choose' : 'reopen') : null;
    // the region stays, so that its words are heard when they come
    return html`<div class=${advice ? 'advice' : 'none'} data-test="call-advice" data-advice=${advice ?? ''}>
      <div role="status" class="words">
        ${advice
          ? html`${icon(advice.endsWith('microphone') ? 'micOff' : 'alert', 18)}
              <p><strong>${t.advice[advice](this.other)}</strong> <span>${t.helps[advice](this.other)}</span></p>`
          : nothing}
      </div>
      ${action
        ? html`<button data-test="call-advice-action" @click=${() => this.dispatchEvent(new CustomEvent(action))}>${t[action]}</button>`
        : nothing}
    </div>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
      }
      .advice {
        margin-top: 12px;
        padding: 12px 14px;
        border-radius: 12px;
        background: rgb(255 255 255 / 0.1);
        color: #f1f7f5;
        font-size: 13.5px;
        line-height: 1.4;
      }
      .words {
        display: flex;
        gap: 10px;
      }
      .words .icon {
        flex: none;
        margin-top: 1px;
        color: #f2c879;
      }
      strong {
        display: block;
        font-weight: 600;
      }
      span {
        color: #c9dcd6;
      }
      button {
        width: 100%;
        margin-top: 10px;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-call-advice': CallAdvice;
  }
}
