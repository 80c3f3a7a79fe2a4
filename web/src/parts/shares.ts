/** What each party gets when a mediator decides; the split can be moved, by hand or in figures. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { base } from '../styles.js';
import { coins, figures, money, textsOf, type Language } from '../texts/index.js';

@customElement('order-room-shares')
export class Shares extends LitElement {
  @property() buyer = '';
  @property() seller = '';
  /** What is in escrow, in cents. */
  @property({ type: Number }) held = 0;
  @property() currency = 'EUR';
  @property() language: Language = 'fr';
  /** What goes back to the buyer, in cents. */
  @property({ type: Number }) refund = 0;
  /** Whether the person decides how much; else it only shows. */
  @property({ type: Boolean }) open = false;

  private set(cents: number): void {
    if (!Number.isFinite(cents)) return;
    this.refund = Math.min(this.held - 1, Math.max(1, Math.round(cents)));
    this.dispatchEvent(new CustomEvent('share', { detail: this.refund }));
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const { held, refund } = this;
    const part = held > 0 ? (refund / held) * 100 : 0;
    const step = held >= 2000 ? 100 : 1;
    return html`<div class="both">
        ${this.share('buyer', this.buyer, refund)}${this.share('seller', this.seller, held - refund)}
      </div>
      ${this.open
        ? html`<input
              class="slider"
              type="range"
              aria-label=${t.splitAmount(money(this.language, held, this.currency))}
              aria-valuetext="${this.said(refund)} / ${this.said(held - refund)}"
              min=${step}
              max=${held - step}
              step=${step}
              .value=${String(refund)}
              @input=${(e: InputEvent) => this.set((e.target as HTMLInputElement).valueAsNumber)}
            />
            <label>
              <span>${t.splitAmount(this.said(held))}</span>
              <input
                class="figures"
                data-test="split-amount"
                type="number"
                inputmode="decimal"
                required
                min=${figures(1, this.currency)}
                step=${figures(1, this.currency)}
                max=${figures(held - 1, this.currency)}
                .value=${figures(refund, this.currency)}
                @change=${(e: Event) => this.set(coins((e.target as HTMLInputElement).valueAsNumber, this.currency))}
              />
            </label>`
        : html`<div class="bar" aria-hidden="true"><i class="fill" style="width: ${part}%"></i></div>`}`;
  }

  private said(cents: number): string {
    return money(this.language, cents, this.currency);
  }

  private share(role: 'buyer' | 'seller', name: string, cents: number): TemplateResult {
    const t = textsOf(this.language);
    return html`<p class=${cents > 0 ? role : `${role} none`} data-test="share-${role}" data-cents=${cents}>
      <small>${t.role[role]}${name ? html`, ${name}` : nothing}</small>
      <strong>${this.said(cents)}</strong>
    </p>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        margin-top: 16px;
        padding: 14px 16px 16px;
        border-radius: 12px;
        background: var(--sunken);
      }
      .both {
        display: flex;
        justify-content: space-between;
        gap: 16px;
      }
      p {
        display: grid;
        gap: 1px;
        min-width: 0;
      }
      .seller {
        text-align: end;
      }
      small {
        font-size: 13px;
        color: var(--muted);
      }
      strong {
        font-size: 19px;
        font-weight: 650;
        font-variant-numeric: tabular-nums;
      }
      .none strong {
        color: var(--muted);
        font-weight: 500;
      }
      .bar {
        height: 8px;
        margin-top: 10px;
        border-radius: 4px;
        overflow: hidden;
        background: var(--line);
      }
      .bar i {
        display: block;
        height: 100%;
        background: var(--accent);
      }
      .slider {
        width: 100%;
        height: 44px;
        margin: 2px 0 0;
        accent-color: var(--accent);
        cursor: pointer;
      }
      label {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: 6px 16px;
        font-size: 14px;
        font-weight: 600;
      }
      .figures {
        width: 130px;
        min-height: 44px;
        padding: 8px 12px;
        border: 1px solid var(--line);
        border-radius: 11px;
        background: var(--surface);
        text-align: end;
        font-variant-numeric: tabular-nums;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-shares': Shares;
  }
}
