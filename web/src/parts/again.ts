/** After an order ended: its buyer may have the same again, with the brief that was given. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { Situation, State } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

const OVER: ReadonlySet<State> = new Set(['cancelled', 'expired', 'closed']);

@customElement('order-room-again')
export class Again extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  @property({ attribute: false }) situation!: Situation;
  /** Whether the page hears `order-room-again` and sells it. */
  @property({ type: Boolean }) offered = false;

  override render(): TemplateResult | typeof nothing {
    const t = textsOf(this.language).again;
    const { situation: s } = this;
    const link = safe(this.room.room?.again_url);
    if (s.role !== 'buyer' || !OVER.has(s.state) || (!this.offered && !link)) return nothing;
    return html`<section class="card" data-test="again">
      <h2>${t.heading}</h2>
      <p>${t.body}</p>
      ${this.offered
        ? html`<button data-test="order-again" @click=${this.ask}>${icon('refresh', 18)}${t.button}</button>`
        : html`<a class="button" data-test="order-again" href=${link}>${icon('refresh', 18)}${t.button}</a>`}
    </section>`;
  }

  private readonly ask = (): void => {
    const detail = { order: this.room.order };
    this.dispatchEvent(new CustomEvent('order-room-again', { detail, bubbles: true, composed: true }));
  };

  static override readonly styles = [
    base,
    css`
      h2 {
        font-size: 17px;
      }
      p {
        margin: 4px 0 14px;
        line-height: 1.45;
      }
      button,
      .button {
        width: 100%;
      }
      .button {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        min-height: 44px;
        padding: 7px 16px;
        line-height: 1.25;
        text-align: center;
        text-wrap: balance;
        border: 1px solid var(--line);
        border-radius: 11px;
        color: var(--ink);
        font-weight: 600;
        text-decoration: none;
      }
      .button:hover {
        border-color: var(--muted);
      }
    `,
  ];
}

/** Only an address of the web: what is configured is not to run anything. */
function safe(link: string | undefined): string {
  return link && /^(https?:|\/(?!\/))/i.test(link) ? link : '';
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-again': Again;
  }
}
