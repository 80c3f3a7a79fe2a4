/**
 * Looking for words, in one order or in all of them.
 *
 * Tells `go` (detail: the hit) when a place is chosen, and `shut`.
 */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Connection } from '../connection.js';
import { marked } from '../excerpts.js';
import { voiceNote } from '../files.js';
import { icon } from '../icons.js';
import type { Hit } from '../protocol.js';
import { base } from '../styles.js';
import { search } from '../messages.js';
import { shortDate, textsOf, type Language } from '../texts/index.js';
import { refusal, whyNot } from './refusal.js';

const PAUSE = 250;
const LONGEST = 200;

@customElement('order-room-search')
export class Search extends LitElement {
  @property({ attribute: false }) connection!: Connection;
  /** The order to look in; null for all. */
  @property() order: string | null = null;
  @property() language: Language = 'fr';
  /** How a person of an order is called. */
  @property({ attribute: false }) name: (order: string, person: string) => string = () => '';
  /** How an order is called, where there are several. */
  @property({ attribute: false }) titled: (order: string) => string = () => '';

  @state() private q = '';
  @state() private hits: readonly Hit[] | null = null;
  @state() private next: string | null = null;
  @state() private busy = false;
  /** Whether the newest words could not be looked through yet. */
  @state() private behind = false;
  @state() private refusal = '';
  @query('input') private input!: HTMLInputElement;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;

  override firstUpdated(): void {
    this.input.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  private readonly typed = (): void => {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.look(), PAUSE);
  };

  private async look(more = false): Promise<void> {
    clearTimeout(this.timer);
    const q = this.input.value.trim();
    const mine = ++this.asked;
    this.refusal = '';
    if (q === '') {
      this.hits = this.next = null;
      this.behind = false;
      this.q = '';
      return;
    }
    this.busy = true;
    try {
      const found = await search(this.connection, q, this.order, more ? (this.next ?? undefined) : undefined);
      if (mine !== this.asked) return; // another was asked since
      this.hits = more ? [...(this.hits ?? []), ...found.hits] : found.hits;
      this.next = found.next ?? null;
      this.behind = (found.behind ?? 0) > 0;
      this.q = q;
    } catch (error) {
      if (mine !== this.asked) return;
      this.refusal = whyNot(error, textsOf(this.language).search.failed);
    } finally {
      if (mine === this.asked) this.busy = false;
    }
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      event.preventDefault();
      this.dispatchEvent(new CustomEvent('shut'));
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const stops = [this.input, ...this.renderRoot.querySelectorAll<HTMLElement>('[data-test="hit"]')];
    const at = stops.indexOf(this.shadowRoot?.activeElement as HTMLElement);
    event.preventDefault();
    stops[Math.min(stops.length - 1, Math.max(0, at + step))]?.focus();
  };

  override render(): TemplateResult {
    const t = textsOf(this.language).search;
    const hits = this.hits?.filter((hit) => !this.connection.gone.has(hit.order)) ?? null;
    const said = this.busy ? t.busy : hits === null ? '' : hits.length > 0 ? t.found(hits.length, this.next !== null) : t.none(this.q);
    return html`<section role="search" aria-label=${this.order === null ? t.headingAll : t.heading} data-test="search-panel" @keydown=${this.pressed}>
      <form @submit=${(e: Event) => {
        e.preventDefault();
        void this.look();
      }}>
        ${icon('search', 20)}
        <input type="search" data-test="search-input" aria-label=${t.label} placeholder=${t.placeholder} maxlength=${LONGEST}
          enterkeyhint="search" autocomplete="off" @input=${this.typed} />
        <button type="button" class="quiet round" data-test="search-close" aria-label=${t.close} title=${t.close}
          @click=${() => this.dispatchEvent(new CustomEvent('shut'))}>${icon('cross', 18)}</button>
      </form>
      <p class="said" role="status" data-test="search-said">${said || t.hint}</p>
      ${this.behind && !this.busy
        ? html`<p class="behind" role="status" data-test="search-behind">${icon('clock', 18)}<span>${t.behind}</span>
            <button type="button" class="link" data-test="search-again" @click=${() => this.look()}>${t.again}</button></p>`
        : nothing}
      ${refusal(this.refusal)}
      ${hits && hits.length > 0
        ? html`<ul>
            ${hits.map((hit) => this.line(hit))}
            ${this.next
              ? html`<li><button class="quiet" data-test="search-more" ?disabled=${this.busy} @click=${() => this.look(true)}>${t.more}</button></li>`
              : nothing}
          </ul>`
        : nothing}
    </section>`;
  }

  private line(hit: Hit): TemplateResult {
    const title = this.order === null ? this.titled(hit.order) : '';
    const name = this.name(hit.order, hit.actor);
    return html`<li>
      <button class="quiet hit" data-test="hit" data-order=${hit.order} data-seq=${hit.seq}
        @click=${() => this.dispatchEvent(new CustomEvent<Hit>('go', { detail: hit }))}>
        <small>
          ${title ? html`<strong>${title}</strong>` : nothing}
          <span>${name}</span><time datetime=${hit.at}>${shortDate(this.language, hit.at)}</time>
        </small>
        ${hit.millis
          ? html`<span class="excerpt">${icon('sound', 16)} ${voiceNote(this.language, hit.millis)}</span>`
          : html`<span class="excerpt">${marked(hit).map(({ text, hit: found }) => (found ? html`<mark>${text}</mark>` : text))}</span>`}
      </button>
    </li>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: flex;
        flex: none;
        min-height: 0;
        max-height: 60%;
      }
      section {
        display: flex;
        flex-direction: column;
        width: 100%;
        min-height: 0;
        border-bottom: 1px solid var(--line);
        background: var(--surface);
      }
      form {
        display: flex;
        align-items: center;
        gap: 10px;
        flex: none;
        width: 100%;
        max-width: 760px;
        margin: 0 auto;
        padding: 8px 12px 0 24px;
      }
      form > .icon {
        color: var(--muted);
      }
      input {
        flex: 1;
        min-width: 0;
        min-height: 44px;
        padding: 8px 14px;
        border: 1px solid var(--line);
        border-radius: 22px;
        background: var(--paper);
        font-size: 16px;
      }
      .said {
        flex: none;
        width: 100%;
        max-width: 760px;
        margin: 0 auto;
        padding: 4px 24px 8px 68px;
        font-size: 13px;
        color: var(--muted);
      }
      .refusal {
        margin: 0 24px 10px;
      }
      .behind {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 4px 10px;
        width: 100%;
        max-width: 712px;
        margin: 0 auto 8px;
        padding: 0 24px;
        font-size: 14px;
        color: var(--warn);
      }
      .behind .link {
        color: inherit;
      }
      ul {
        overflow-y: auto;
        width: 100%;
        max-width: 760px;
        margin: 0 auto;
        padding: 0 16px 10px;
        scrollbar-width: thin;
        scrollbar-color: var(--line) transparent;
      }
      input::-webkit-search-cancel-button {
        display: none; /* the cross beside it closes, and words are quickly selected */
      }
      button.hit {
        display: block;
        width: 100%;
        padding: 8px 12px;
        color: var(--ink);
        text-align: start;
        line-height: 1.4;
      }
      small {
        display: flex;
        flex-wrap: wrap;
        gap: 2px 10px;
        font-size: 13px;
        color: var(--muted);
      }
      small strong {
        flex-basis: 100%;
        font-weight: 600;
        color: var(--ink);
      }
      .excerpt {
        display: block;
        overflow-wrap: anywhere;
      }
      mark {
        border-radius: 3px;
        background: color-mix(in srgb, var(--accent) 28%, transparent);
        color: inherit;
        font-weight: 650;
      }
      @media (max-width: 620px) {
        form {
          padding: 8px 8px 0 14px;
        }
        .said {
          padding: 4px 14px 8px;
        }
        ul {
          padding: 0 6px 8px;
        }
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-search': Search;
  }
}
