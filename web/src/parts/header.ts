/** What the order is, with whom, and whether they are there. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Member, Presence, State } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { ago, money, textsOf, type Language } from '../texts/index.js';
import './more.js';

export const chipLook = css`
  .chip {
    display: inline-flex;
    align-items: center;
    gap: 8px;
    padding: 5px 12px;
    border-radius: 20px;
    background: var(--accent-soft);
    color: var(--accent-strong);
    font-size: 14px;
    font-weight: 600;
    white-space: nowrap;
  }
  .chip.late,
  .chip.frozen,
  .chip.expired,
  .chip.cancelled {
    background: var(--bad-soft);
    color: var(--bad);
  }
  .chip.closed {
    background: var(--sunken);
    color: var(--muted);
  }
`;

@customElement('order-room-header')
export class Header extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  /** On a phone: without the price and the state, which stand below. */
  @property({ type: Boolean, reflect: true }) narrow = false;
  /** The page around has a title of its own. */
  @property({ type: Boolean }) inside = false;
  @property({ attribute: false }) clock: () => number = Date.now;
  /** Changes whenever the room may have. */
  @property({ type: Number }) revision = 0;

  /** Whether two lines are too few for the title, and whether it is shown whole. */
  @state() private long = false;
  @state() private whole = false;
  @query('h1') private heading!: HTMLElement;
  private sizes: ResizeObserver | null = null;

  override updated(): void {
    if (this.sizes || !this.isConnected) return;
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(this.heading);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    this.sizes = null;
  }

  /** Where the search was opened from. */
  focusSearch(): void {
    this.renderRoot.querySelector('order-room-more')?.focus();
  }

  private measure(): void {
    const { scrollHeight, clientHeight } = this.heading;
    if (!this.whole) this.long = scrollHeight > clientHeight + 1;
  }

  override render(): TemplateResult {
    const { room } = this;
    const r = room.room;
    const others = room.others;
    const price = room.situation?.price_cents ?? r?.price_cents ?? 0;
    return html`<header>
      <span class="avatars">
        ${others.map(
          ({ person, name }) => html`<span class="avatar ${room.presence.get(person)?.online ? 'online' : ''}" aria-hidden="true">${initials(name)}</span>`,
        )}
      </span>
      <div class="who">
        <div class="title">
          <h1 aria-level=${this.inside ? 2 : nothing} class=${this.whole ? 'whole' : ''} title=${r?.title ?? ''}>${r?.title}</h1>
          ${this.long
            ? html`<button data-test="title-whole" aria-expanded=${this.whole} aria-label=${textsOf(this.language).panel.title} title=${r?.title ?? ''}
                @click=${() => (this.whole = !this.whole)}></button>`
            : nothing}
        </div>
        <p class=${others.length > 1 ? 'several' : ''}>${others.length > 1 ? others.map((m) => this.member(m)) : this.only(room.other)}</p>
      </div>
      ${this.narrow || !r
        ? nothing
        : html`${price > 0 ? html`<span class="price">${money(this.language, price, r.currency)}</span>` : nothing}${chip(room.situation?.state, this.language, true)}`}
      <slot></slot>
      <order-room-more ?narrow=${this.narrow} .room=${room} .language=${this.language} .revision=${this.revision}></order-room-more>
    </header>`;
  }

  /** Whom one talks to, and whether they are there. */
  private only(other: Member | undefined): TemplateResult {
    const presence = other ? this.room.presence.get(other.person) : undefined;
    return html`<strong>${other?.name ?? textsOf(this.language).someone}</strong>
      <span data-test="presence" data-online=${presence?.online ?? false}>${this.presence(presence)}</span>`;
  }

  /** One of several: the role says more than when they were here. */
  private member({ person, name, role }: Member): TemplateResult {
    const presence = this.room.presence.get(person);
    const here = this.presence(presence);
    return html`<span class="member" data-test="member" data-role=${role} data-online=${presence?.online ?? false} title=${here}>
      <strong>${name}</strong> ${textsOf(this.language).role[role]}${here ? html`<span class="sr">, ${here}</span>` : nothing}
    </span>`;
  }

  private presence(presence: Presence | undefined): string {
    const t = textsOf(this.language).presence;
    if (presence?.hidden || this.room.connection.welcome?.hide_presence || this.room.blocking) return '';
    if (presence?.online) return t.online;
    if (presence?.known === false) return t.unknown;
    if (!presence?.last_seen) return t.offline;
    return t.seen(ago(this.language, Date.parse(presence.last_seen), this.clock()));
  }

  static override readonly styles = [
    base,
    chipLook,
    css`
      :host {
        display: block;
      }
      header {
        display: flex;
        align-items: center;
        gap: 14px;
        min-height: 72px;
        padding: 10px 20px 10px 24px;
        background: var(--surface);
        border-bottom: 1px solid var(--line);
      }
      .avatar {
        position: relative;
        flex: none;
        display: grid;
        place-items: center;
        width: 44px;
        height: 44px;
        border-radius: 50%;
        background: var(--accent-soft);
        color: var(--accent-strong);
        font-weight: 650;
        font-size: 15px;
        letter-spacing: 0.02em;
      }
      .avatar.online::after {
        content: '';
        position: absolute;
        right: 0;
        bottom: 0;
        width: 12px;
        height: 12px;
        border-radius: 50%;
        border: 2px solid var(--surface);
        background: var(--good);
      }
      .avatars {
        display: flex;
        flex: none;
        gap: 4px;
      }
      .member {
        position: relative;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .member + .member {
        padding-left: 9px;
        border-left: 1px solid var(--line);
      }
      .who {
        flex: 1;
        min-width: 0;
      }
      .who p {
        display: flex;
        gap: 8px;
        font-size: 14px;
        color: var(--muted);
        white-space: nowrap;
      }
      .who p strong {
        font-weight: 500;
        color: var(--ink);
        overflow: hidden;
        text-overflow: ellipsis;
      }
      /* Where space is short the name stays: the dot at the picture says the rest. */
      .who p:not(.several) {
        flex-wrap: wrap;
        height: 1.4em;
        overflow: hidden;
      }
      .who p:not(.several) strong {
        flex: none;
        max-width: 100%;
      }
      .who p > [data-test='presence'] {
        flex: 1 1 7ch;
        min-width: 0;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .price {
        font-weight: 600;
        font-variant-numeric: tabular-nums;
      }
      .title {
        position: relative;
      }
      /* The title itself is what is pressed to read all of it. */
      .title button {
        position: absolute;
        inset: -2px -4px;
        min-height: 0;
        padding: 0;
        border: 0;
        border-radius: 6px;
        background: none;
      }
      .title button:hover {
        background: color-mix(in srgb, var(--ink) 6%, transparent);
      }
      .title button:active {
        transform: none;
      }
      h1 {
        display: -webkit-box;
        -webkit-box-orient: vertical;
        -webkit-line-clamp: 2;
        overflow: hidden;
        overflow-wrap: anywhere;
        text-wrap: pretty;
        font-size: 18px;
        font-weight: 650;
        letter-spacing: -0.01em;
        line-height: 1.3;
      }
      h1.whole {
        -webkit-line-clamp: none;
      }
      :host([narrow]) header {
        min-height: 62px;
        padding: 8px 12px 4px;
        gap: 11px;
        border: 0;
      }
      :host([narrow]) .avatar {
        width: 40px;
        height: 40px;
        font-size: 14px;
      }
      :host([narrow]) h1 {
        font-size: 16px;
        line-height: 1.25;
      }
      :host([narrow]) .who p {
        font-size: 13px;
        gap: 6px;
        overflow: hidden;
      }
      :host([narrow]) .who p.several {
        flex-direction: column;
        gap: 0;
      }
      :host([narrow]) .several .member {
        padding: 0;
        border: 0;
      }
    `,
  ];
}

/** The state; the one that is in view carries the name by which tests find it. */
export function chip(state: State | undefined, language: Language, inView: boolean): TemplateResult {
  const now = state ?? 'awaiting_validation';
  return html`<span class="chip ${now}" data-test=${inView ? 'state' : nothing} data-state=${now}>
    ${textsOf(language).state[now]}
  </span>`;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return [words[0], words.length > 1 ? words.at(-1) : '']
    .map((w) => [...(w ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-header': Header;
  }
}
