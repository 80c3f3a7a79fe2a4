/** Files: a card for one that is there, and a button for sending more, with what is on its way. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { isPicture, isShown, isSound, type Shared } from '../files.js';
import { icon } from '../icons.js';
import { RefusedError } from '../outbox.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { fileSize, textsOf, type Language } from '../texts/index.js';

/** Pictures up to this size are shown by themselves; larger ones are opened. */
const PREVIEWED = 3 * 1024 * 1024;

@customElement('order-room-file')
export class FileCard extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) shared!: Shared;
  @property() language: Language = 'fr';
  /** In a list: one line without a picture. */
  @property({ type: Boolean, reflect: true }) small = false;

  @state() private picture = '';
  @state() private sound = '';
  @state() private busy = false;
  @state() private refusal = '';
  private seen: IntersectionObserver | null = null;

  override firstUpdated(): void {
    const { type, size } = this.shared;
    if (this.small || !isPicture(type) || size > PREVIEWED) return;
    this.seen = new IntersectionObserver(([entry]) => {
      if (!entry?.isIntersecting) return;
      this.seen?.disconnect();
      void this.preview();
    });
    this.seen.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.seen?.disconnect();
  }

  private async preview(): Promise<void> {
    try {
      this.picture = await this.room.files.link(this.room.order, this.shared.file);
    } catch {
      // the card is there; a click says why the file is not
    }
  }

  private async open(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refusal = '';
    try {
      const address = await this.room.files.link(this.room.order, this.shared.file);
      if (isSound(this.shared.type)) {
        this.sound = address;
        return;
      }
      const link = document.createElement('a');
      link.href = address;
      link.target = '_blank';
      link.rel = 'noopener noreferrer';
      // saved without a new tab where the page is of the same origin; elsewhere by its headers
      if (!isShown(this.shared.type)) link.download = this.shared.name;
      link.click();
    } catch (error) {
      this.refusal = error instanceof RefusedError ? error.message : textsOf(this.language).files.lost;
    } finally {
      this.busy = false;
    }
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).files;
    const { name, size, type } = this.shared;
    return html`
      <button class="card" data-test="file" data-file=${this.shared.file} data-type=${type} ?disabled=${this.busy}
        title=${isShown(type) ? t.open(name) : t.save(name)} @click=${() => this.open()}>
        ${this.picture
          ? html`<img src=${this.picture} alt="" data-test="file-picture" @error=${() => (this.picture = '')}
              @load=${() => this.dispatchEvent(new CustomEvent('grown', { bubbles: true, composed: true }))} />`
          : nothing}
        <span class="about">
          ${icon(isSound(type) ? 'sound' : 'file', this.small ? 16 : 22)}
          <span class="name"><span>${name}</span><small>${fileSize(this.language, size)}</small></span>
          ${this.small ? nothing : icon('down', 18)}
        </span>
      </button>
      ${this.sound ? html`<audio controls autoplay data-test="file-sound" src=${this.sound}></audio>` : nothing}
      ${this.refusal ? html`<p class="refusal" role="alert">${icon('alert', 18)}<span>${this.refusal}</span></p>` : nothing}
    `;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        min-width: 0;
        max-width: 100%;
      }
      .card {
        display: block;
        width: 100%;
        min-width: min(260px, 100%);
        padding: 0;
        overflow: hidden;
        font-weight: 500;
        text-align: start;
        color: var(--ink);
      }
      .card:disabled {
        color: var(--muted);
      }
      img {
        display: block;
        width: 100%;
        max-height: 280px;
        object-fit: cover;
        background: var(--sunken);
      }
      .about {
        display: flex;
        align-items: center;
        gap: 12px;
        padding: 10px 14px;
      }
      .about > .icon {
        color: var(--accent);
      }
      .about > .icon:last-child {
        color: var(--muted);
      }
      .name {
        flex: 1;
        min-width: 0;
        line-height: 1.3;
        overflow-wrap: anywhere;
      }
      small {
        display: block;
        font-size: 13px;
        font-weight: 400;
        color: var(--muted);
      }
      audio {
        display: block;
        width: 100%;
        margin-top: 8px;
      }
      .refusal {
        margin-top: 8px;
      }
      :host([small]) .card {
        min-height: 44px;
        border-color: transparent;
        background: var(--sunken);
      }
      :host([small]) .about {
        padding: 6px 12px;
        gap: 10px;
        font-size: 14px;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-file': FileCard;
  }
}
