/** What people ask at this step, each answer folded away until it is wanted. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { Role, State } from '../protocol.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

@customElement('order-room-questions')
export class Questions extends LitElement {
  @property() viewer: Role = 'buyer';
  @property() state: State = 'awaiting_validation';
  @property() language: Language = 'fr';

  override render(): TemplateResult {
    const t = textsOf(this.language).questions;
    return html`<section class="card" data-test="questions" data-state=${this.state} aria-labelledby="heading">
      <h2 class="heading" id="heading">${t.heading}</h2>
      ${t.at[this.viewer][this.state].map(
        ([question, answer]) => html`<details name="questions">
          <summary><span>${question}</span>${icon('chevron', 18)}</summary>
          <p>${answer}</p>
        </details>`,
      )}
    </section>`;
  }

  static override readonly styles = [
    base,
    css`
      .card {
        padding-bottom: 8px;
      }
      .heading {
        margin-bottom: 4px;
      }
      details + details {
        border-top: 1px solid var(--line);
      }
      summary {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 10px;
        min-height: 44px;
        padding: 6px 0;
        font-weight: 500;
        font-size: 15px;
        line-height: 1.3;
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary .icon {
        color: var(--muted);
        transition: transform 120ms;
      }
      details[open] summary .icon {
        transform: rotate(180deg);
      }
      details p {
        padding-bottom: 14px;
        font-size: 14.5px;
        line-height: 1.5;
        color: var(--muted);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-questions': Questions;
  }
}
