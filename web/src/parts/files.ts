/** A file that was shared: a card, its small picture or its wave, and the way to have it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { isPicture, isShown, isSound, titleOf, type Shared } from '../files.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { fileSize, textsOf, type Language } from '../texts/index.js';
import './sound.js';
import { refusal, whyNot } from './refusal.js';

/** Without a small picture, pictures up to this size are shown by themselves. */
const PREVIEWED = 3 * 1024 * 1024;

@customElement('order-room-file')
export class FileCard extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) shared!: Shared;
  @property() language: Language = 'fr';
  /** Who shared it; empty for one's own. */
  @property() from = '';
  /** In a list: one line without a picture. */
  @property({ type: Boolean, reflect: true }) small = false;

  @state() private picture = '';
  @state() private large = '';
  @state() private busy = false;
  @state() private refusal = '';
  @query('dialog') private dialog!: HTMLDialogElement | null;
  private seen: IntersectionObserver | null = null;

  /** Whether it can be had: neither being examined nor held back. */
  private get free(): boolean {
    return this.shared.scan !== 'scanning' && this.shared.scan !== 'infected';
  }

  override updated(): void {
    const { type, size, thumb } = this.shared;
    if (this.seen || this.small || !this.free || !isPicture(type) || (!thumb && size > PREVIEWED)) return;
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
    this.seen = null;
  }

  private async preview(): Promise<void> {
    try {
      const { url, thumb } = await this.room.files.link(this.room.order, this.shared.file);
      this.picture = thumb ?? url;
    } catch {
      // the card is there; a click says why the file is not
    }
  }

  /** A fresh address, or null after saying why there is none. */
  private readonly address = async (): Promise<string | null> => {
    this.refusal = '';
    try {
      return (await this.room.files.link(this.room.order, this.shared.file)).url;
    } catch (error) {
      this.refusal = whyNot(error, textsOf(this.language).files.lost);
      return null;
    }
  };

  private async open(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    const address = await this.address();
    this.busy = false;
    if (address === null) return;
    const link = document.createElement('a');
    link.href = address;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    // saved without a new tab where the page is of the same origin; elsewhere by its headers
    if (!isShown(this.shared.type)) link.download = this.shared.name;
    link.click();
  }

  private async enlarge(): Promise<void> {
    const address = await this.address();
    if (address === null) return;
    this.large = address;
    await this.updateComplete;
    this.dialog?.showModal();
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const { shared } = this;
    const { size, type, scan, width, height } = shared;
    const name = titleOf(shared, this.language);
    const sound = isSound(type) && !this.small && this.free;
    return html`
      <div class="card ${this.free ? '' : 'held'}" data-test="file" data-file=${shared.file} data-type=${type} data-scan=${scan ?? nothing}>
        ${this.picture && this.free
          ? html`<button class="picture" data-test="file-enlarge" aria-label=${t.upload.enlarge(name)} @click=${() => this.enlarge()}>
              <img src=${this.picture} alt=${t.upload.picture(name)} data-test="file-picture" width=${width ?? nothing} height=${height ?? nothing}
                @error=${() => (this.picture = '')} />
            </button>`
          : nothing}
        ${sound
          ? html`<order-room-sound .name=${name} .peaks=${shared.peaks ?? []} .millis=${shared.millis ?? 0} .language=${this.language} .address=${this.address}></order-room-sound>`
          : nothing}
        <button class="about" data-test="file-open" ?disabled=${this.busy || !this.free}
          title=${isShown(type) ? t.files.open(name) : t.files.save(name)} @click=${() => this.open()}>
          ${icon(this.free ? (isSound(type) ? 'sound' : 'file') : scan === 'infected' ? 'ban' : 'clock', this.small ? 16 : 22)}
          <span class="name"><span>${name}</span><small>${fileSize(this.language, size)}${scan === 'unchecked' ? html`, ${t.upload.unchecked}` : nothing}${this.small && scan === 'infected' ? html`, ${t.upload.infected}` : nothing}</small></span>
          ${this.small || !this.free ? nothing : icon('down', 18)}
        </button>
        ${this.small ? nothing : this.verdict()}
      </div>
      ${refusal(this.refusal)}
      ${this.large && this.free
        ? html`<dialog data-test="lightbox" aria-label=${t.upload.picture(name)} @close=${() => (this.large = '')}
            @click=${(e: Event) => e.target === this.dialog && this.dialog?.close()}>
            <img src=${this.large} alt=${name} data-test="lightbox-picture" />
            <div class="bar">
              <span>${name}</span>
              <a href=${this.large} target="_blank" rel="noopener noreferrer" download=${shared.name}>${icon('down', 18)}${t.upload.save}</a>
              <button class="round" data-test="lightbox-close" aria-label=${t.close} @click=${() => this.dialog?.close()}>${icon('cross', 20)}</button>
            </div>
          </dialog>`
        : nothing}
    `;
  }

  /** What the virus scanner said, or that it says nothing, and what to do. */
  private verdict(): TemplateResult | typeof nothing {
    const t = textsOf(this.language).upload;
    const { from } = this;
    switch (this.shared.scan) {
      case 'scanning':
        return html`<p class="scan" data-test="file-scan">${t.scanning}</p>`;
      case 'unchecked':
        return html`<p class="scan" data-test="file-scan">${from ? t.uncheckedFrom(from) : t.uncheckedOwn}</p>`;
      case 'infected':
        return html`<p class="scan" data-test="file-scan"><strong>${t.infected}.</strong> ${from ? t.infectedFrom(from) : t.infectedOwn}</p>`;
      default:
        return nothing;
    }
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
        width: 100%;
        min-width: min(260px, 100%);
        padding: 0;
        overflow: hidden;
        border-radius: 14px;
      }
      .held {
        border-style: dashed;
      }
      .picture {
        display: block;
        width: 100%;
        padding: 0;
        border: 0;
        border-radius: 0;
      }
      .picture img {
        display: block;
        width: 100%;
        height: auto;
        max-height: 280px;
        object-fit: cover;
        background: var(--sunken);
      }
      .about {
        display: flex;
        align-items: center;
        justify-content: flex-start;
        gap: 12px;
        width: 100%;
        padding: 10px 14px;
        border: 0;
        border-radius: 0;
        font-weight: 500;
        text-align: start;
        color: var(--ink);
        background: transparent;
      }
      .about:hover:not(:disabled) {
        background: var(--sunken);
      }
      .about:focus-visible,
      .picture:focus-visible {
        outline-offset: -3px;
      }
      .about > .icon {
        color: var(--accent);
      }
      .about > .icon:last-child {
        color: var(--muted);
      }
      .about:disabled,
      .held .about > .icon {
        color: var(--muted);
        background: transparent;
      }
      .name {
        flex: 1;
        min-width: 0;
        line-height: 1.3;
      }
      .name > span {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 3;
        overflow: hidden;
        overflow-wrap: anywhere;
      }
      small {
        display: block;
        font-size: 13px;
        font-weight: 400;
        color: var(--muted);
      }
      .scan {
        margin: 0;
        padding: 0 14px 10px 48px;
        font-size: 13.5px;
        line-height: 1.35;
        color: var(--muted);
      }
      .scan strong {
        color: var(--bad);
      }
      dialog {
        max-width: 96vw;
        max-height: 96dvh;
        padding: 0;
        border: 0;
        border-radius: 14px;
        overflow: hidden;
        background: var(--surface);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(6 10 10 / 0.82);
      }
      dialog img {
        display: block;
        max-width: 96vw;
        max-height: calc(96dvh - 60px);
        margin: 0 auto;
        object-fit: contain;
      }
      .bar {
        display: flex;
        align-items: center;
        gap: 14px;
        min-height: 60px;
        padding: 8px 8px 8px 18px;
      }
      .bar span {
        flex: 1;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .bar a {
        display: inline-flex;
        align-items: center;
        gap: 6px;
        min-height: 44px;
        font-weight: 600;
      }
      .refusal {
        margin-top: 8px;
      }
      :host([small]) .card {
        border-color: transparent;
        background: var(--sunken);
      }
      :host([small]) .about {
        min-height: 44px;
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
