/** Taking the order home: everything that was said and done, sealed, as a page and as data. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { refusal, whyNot } from './refusal.js';

@customElement('order-room-record')
export class RecordCard extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';

  @state() private busy = false;
  @state() private refusal = '';

  override render(): TemplateResult {
    const t = textsOf(this.language).record;
    return html`<section class="card" data-test="record" aria-labelledby="heading">
      <h2 class="heading" id="heading">${t.heading}</h2>
      <p>${t.body}</p>
      <div class="choice">
        <button data-test="record-html" ?disabled=${this.busy} @click=${() => this.save('html')}>${icon('down', 18)}${t.page}</button>
        <button class="quiet" data-test="record-json" ?disabled=${this.busy} @click=${() => this.save('json')}>${t.data}</button>
      </div>
      ${refusal(this.refusal)}
    </section>`;
  }

  private async save(kind: 'html' | 'json'): Promise<void> {
    this.busy = true;
    this.refusal = '';
    try {
      const address = URL.createObjectURL(await this.room.files.record(this.room.order, kind));
      const link = document.createElement('a');
      link.href = address;
      link.download = `order-${this.room.order}-record.${kind}`;
      link.click();
      // the browser has taken it over by then
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
      this.refusal = whyNot(error, textsOf(this.language).record.lost);
    } finally {
      this.busy = false;
    }
  }

  static override readonly styles = [
    base,
    css`
      p {
        margin-top: 6px;
        font-size: 14.5px;
        line-height: 1.5;
        color: var(--muted);
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        gap: 4px 8px;
        margin-top: 12px;
      }
      .refusal {
        color: var(--bad);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-record': RecordCard;
  }
}
