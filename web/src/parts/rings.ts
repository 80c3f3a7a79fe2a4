/** A call about another order: it rings here too, and a link leads to it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Connection } from '../connection.js';
import { icon } from '../icons.js';
import type { InboxLine } from '../protocol.js';
import { Ringtone } from '../ringtone.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

@customElement('order-room-rings')
export class Rings extends LitElement {
  @property({ attribute: false }) connection!: Connection;
  /** The order that is on the screen, whose calls are shown elsewhere; empty for none. */
  @property() order = '';
  /** Where an order is shown; `{order}` stands for its id. Without it there is no link. */
  @property() href = '';
  @property() language: Language = 'fr';
  /** Whether the person is in a call here: then it does not ring aloud. */
  @property({ type: Boolean }) talking = false;
  /** Changes whenever the connection may have. */
  @property({ type: Number }) revision = 0;

  private readonly ringtone = new Ringtone();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.ringtone.stop();
  }

  private get ringing(): readonly InboxLine[] {
    return this.connection.lines?.filter((line) => line.rings && line.order !== this.order) ?? [];
  }

  override updated(): void {
    if (this.ringing.length > 0 && !this.talking) void this.ringtone.start('incoming');
    else this.ringtone.stop();
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).talk;
    return html`${this.ringing.map(
      (line) => html`<div class="ring" role="alert" data-test="rings-elsewhere" data-order=${line.order}>
        <span class="sign">${icon('phone', 20)}</span>
        <p><strong>${t.elsewhere(line.other, line.title)}</strong>${this.talking ? html`<small>${t.elsewhereHint}</small>` : nothing}</p>
        ${this.href
          ? html`<a data-test="rings-open" href=${this.href.replace('{order}', encodeURIComponent(line.order))}>${t.open}</a>`
          : nothing}
      </div>`,
    )}`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
      }
      .ring {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px 12px;
        margin: 8px 12px;
        padding: 10px 14px;
        border-radius: 12px;
        background: light-dark(#0e332d, #123029);
        color: #f1f7f5;
        line-height: 1.35;
      }
      .sign {
        display: grid;
        place-items: center;
        width: 36px;
        height: 36px;
        border-radius: 50%;
        background: #63cdb6;
        color: #06251f;
      }
      p {
        flex: 1 1 200px;
        min-width: 0;
      }
      strong {
        font-weight: 600;
      }
      small {
        display: block;
        color: #b3ccc5;
      }
      a {
        display: inline-flex;
        align-items: center;
        min-height: 44px;
        padding: 0 14px;
        border-radius: 11px;
        background: #63cdb6;
        color: #06251f;
        font-weight: 600;
        text-decoration: none;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-rings': Rings;
  }
}
