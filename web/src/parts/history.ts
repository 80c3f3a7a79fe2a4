/** What a message said before it was changed, and the question before it is withdrawn. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Entry, Versions } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { shortDate, textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';
import { linked } from './message.js';
import { whyNot } from './refusal.js';
import { Sending } from './sending.js';

@customElement('order-room-history')
export class History extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';

  @state() private entry: Entry | null = null;
  @state() private asks: 'nothing' | 'versions' | 'withdrawal' = 'nothing';
  @state() private versions: Versions['versions'] | null = null;
  @query('dialog') private dialog!: HTMLDialogElement;
  private readonly sending = new Sending(this);

  /** Fetch and show every version of a message. */
  async show(entry: Entry): Promise<void> {
    this.open('versions', entry);
    try {
      this.versions = (await this.room.messages.versions(entry.seq)).versions;
    } catch (error) {
      this.sending.refuse(null, whyNot(error, textsOf(this.language).message.versionsFailed));
    }
  }

  confirmWithdrawal(entry: Entry): void {
    this.open('withdrawal', entry);
  }

  private open(asks: 'versions' | 'withdrawal', entry: Entry): void {
    this.entry = entry;
    this.asks = asks;
    this.versions = null;
    this.sending.stop();
    this.sending.begin();
    void this.updateComplete.then(() => this.dialog.showModal());
  }

  private shut(): void {
    this.dialog.close();
    this.asks = 'nothing';
  }

  private async withdraw(): Promise<void> {
    const { entry } = this;
    if (!entry || this.sending.busy) return;
    if (await this.sending.send(null, () => this.room.messages.withdraw(entry.seq))) this.shut();
  }

  override render(): TemplateResult {
    return html`<dialog
      data-test="history"
      aria-labelledby="title"
      @close=${() => {
        this.asks = 'nothing';
        this.dispatchEvent(new CustomEvent('shut'));
      }}
      @click=${(e: Event) => e.target === this.dialog && !this.sending.busy && this.shut()}
    >
      ${this.asks === 'versions' ? this.list() : this.asks === 'withdrawal' ? this.question() : nothing}
    </dialog>`;
  }

  private list(): TemplateResult {
    const t = textsOf(this.language);
    const { versions } = this;
    const refused = this.sending.refused(null);
    return html`<h2 id="title">${t.message.versions}</h2>
      ${versions
        ? html`<ol>
            ${versions.map(
              ({ seq, at, text }, i) => html`<li data-test="version" data-seq=${seq}>
                <small><time datetime=${at}>${shortDate(this.language, at)}</time>${i === versions.length - 1 ? html`, ${t.message.versionNow}` : nothing}</small>
                <p>${linked(text)}</p>
              </li>`,
            )}
          </ol>`
        : refused === nothing
          ? html`<p role="status">${t.chat.olderLoading}</p>`
          : nothing}
      ${refused}
      <div class="choice"><button data-test="history-close" @click=${() => this.shut()}>${t.close}</button></div>`;
  }

  private question(): TemplateResult {
    const t = textsOf(this.language);
    return html`<h2 id="title">${t.message.withdrawTitle}</h2>
      <p>${t.message.withdrawBody(this.room.other?.name ?? t.someone)}</p>
      ${this.sending.refused(null)}
      <div class="choice">
        <button data-test="withdraw-back" @click=${() => this.shut()}>${t.cancelDialog}</button>
        <button class="danger" data-test="withdraw-confirm" ?disabled=${this.sending.busy} @click=${() => this.withdraw()}>
          ${this.sending.busy ? t.sending : t.message.withdrawYes}
        </button>
      </div>`;
  }

  static override readonly styles = [
    base,
    dialogLook,
    css`
      ol {
        display: grid;
        gap: 14px;
        margin-top: 16px;
      }
      li {
        padding-left: 12px;
        border-left: 2px solid var(--line);
      }
      li:last-child {
        border-color: var(--accent);
      }
      li p {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      small {
        color: var(--muted);
      }
      .refusal {
        margin-top: 16px;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-history': History;
  }
}
