/**
 * `<order-inbox src="/ws" language="fr" theme="auto" href="/orders/{order}">`: all orders of a
 * person, live, the most urgent first.
 *
 * Set the property `token` as for `<order-room>`; elements with the same function share one
 * socket. `{order}` in `href` stands for the order's id.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { Attention } from './attention.js';
import { connectionFor, type Connection } from './connection.js';
import { inWords } from './countdown.js';
import { icon } from './icons.js';
import { isEnded, ranked } from './inbox.js';
import type { TokenProvider } from './line.js';
import { OtherCalls } from './other-calls.js';
import './parts/banner.js';
import './parts/rings.js';
import './parts/search.js';
import type { Hit, InboxLine } from './protocol.js';
import { base, tokens } from './styles.js';
import { languageOf, textsOf, type Language } from './texts/index.js';

const SHORT = 60 * 60_000;

@customElement('order-inbox')
export class OrderInboxElement extends LitElement {
  /** Address of the WebSocket; relative to the page. */
  @property() src = '/ws';
  @property() language = '';
  @property({ reflect: true }) theme: 'auto' | 'light' | 'dark' = 'auto';
  /** Where an order is shown; `{order}` stands for its id. */
  @property() href = '/orders/{order}';
  @property({ attribute: false }) token: TokenProvider | null = null;

  @state() private revision = 0;
  @state() private second = 0;
  private connection: Connection | null = null;
  private calls: OtherCalls | null = null;
  @state() private searching = false;
  private readonly attention = new Attention();
  private leave: (() => void) | null = null;
  private ticking: ReturnType<typeof setInterval> | undefined;

  private get tongue(): Language {
    return languageOf(this.language || document.documentElement.lang || navigator.language);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.ticking = setInterval(() => (this.second += 1), 1000);
    if (this.hasUpdated) this.join();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.ticking);
    this.quit();
  }

  override willUpdate(changed: PropertyValues<OrderInboxElement>): void {
    if (!changed.has('src') && !changed.has('language') && !changed.has('token')) return;
    this.quit();
    this.join();
  }

  private join(): void {
    if (this.connection || !this.token) return;
    const url = new URL(this.src, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    this.connection = connectionFor(url.href, this.token, this.tongue);
    this.leave = this.connection.watch(() => (this.revision += 1));
    this.calls = new OtherCalls(this.connection, '', () => (this.revision += 1));
  }

  private quit(): void {
    this.calls?.close();
    this.leave?.();
    this.leave = this.connection = this.calls = null;
    this.attention.count(0);
    this.attention.flash(null);
  }

  override updated(): void {
    const caller = this.calls?.caller ?? null;
    this.attention.flash(caller === null ? null : textsOf(this.tongue).call.flash(caller));
    this.attention.count((this.connection?.lines ?? []).reduce((sum, line) => sum + line.unread, 0));
  }

  override render(): TemplateResult {
    const { connection } = this;
    const texts = textsOf(this.tongue);
    const t = texts.inbox;
    if (connection?.status === 'stopped' && connection.lines === null) {
      const code = connection.refusal?.code ?? '';
      return html`<div class="notice" data-test="refused" data-code=${code}>
        ${icon('lock', 32)}
        <h1>${t.heading}</h1>
        <p>${connection.refusal?.text || (texts.line.stopped[code] ?? texts.line.stopped['other'])}</p>
        <button @click=${() => connection.retry()}>${texts.retry}</button>
      </div>`;
    }
    const lines = connection?.lines;
    if (!connection || !lines) {
      return html`<div class="notice" data-test="loading" role="status">
        <span class="spinner" aria-hidden="true"></span>
        <p>${t.loading}</p>
        ${connection?.status === 'offline' ? this.banner(connection) : nothing}
      </div>`;
    }
    const sorted = ranked(lines);
    const ended = sorted.filter(isEnded);
    const waiting = sorted.filter((line) => line.my_turn).length;
    return html`
      ${this.banner(connection)}
      <order-room-rings .calls=${this.calls} .href=${this.href} .language=${this.tongue} .revision=${this.revision}></order-room-rings>
      <header>
        <h1>${t.heading}</h1>
        ${sorted.length > 0 ? html`<p data-test="inbox-waiting" data-waiting=${waiting}>${connection.welcome?.name ? html`<b>${connection.welcome.name}</b> ` : nothing}${t.yours(waiting)}</p>
              <span class="grow"></span>
              <button class="quiet" data-test="search-open" aria-expanded=${this.searching} @click=${() => (this.searching = !this.searching)}>
                ${icon('search', 18)}${texts.search.open}
              </button>` : nothing}
      </header>
      ${this.searching
        ? html`<order-room-search
            .connection=${connection}
            .order=${null}
            .language=${this.tongue}
            .titled=${(order: string) => lines.find((line) => line.order === order)?.title ?? ''}
            .name=${(order: string, person: string) => this.named(order, person)}
            @go=${(e: CustomEvent<Hit>) => this.go(e.detail)}
            @shut=${this.leaveSearch}
          ></order-room-search>`
        : nothing}
      ${sorted.length === 0
        ? html`<div class="notice" data-test="inbox-empty">
            ${icon('box', 32)}
            <h2>${t.empty}</h2>
            <p>${t.emptyHint}</p>
          </div>`
        : nothing}
      ${this.list(sorted.filter((line) => !isEnded(line)))}
      ${ended.length > 0 ? html`<h2 class="heading">${t.ended}</h2>${this.list(ended)}` : nothing}
    `;
  }

  private readonly leaveSearch = async (): Promise<void> => {
    this.searching = false;
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[data-test="search-open"]')?.focus();
  };

  /** Who said it, as far as the list tells. */
  private named(order: string, person: string): string {
    const line = this.connection?.lines?.find((one) => one.order === order);
    if (person === this.connection?.welcome?.person) return textsOf(this.tongue).you;
    return line && person !== 'clock' && person !== 'marketplace' ? line.other : '';
  }

  /** Open the order at that place. */
  private go({ order, seq }: Hit): void {
    location.href = `${this.href.replace('{order}', encodeURIComponent(order))}#m${seq}`;
  }

  private banner(connection: Connection): TemplateResult {
    return html`<order-room-banner
      .connection=${connection}
      .status=${connection.status}
      .unsent=${0}
      .language=${this.tongue}
      .revision=${this.revision}
    ></order-room-banner>`;
  }

  private list(lines: readonly InboxLine[]): TemplateResult | typeof nothing {
    if (lines.length === 0) return nothing;
    return html`<ul data-second=${this.second}>
      ${repeat(lines, (line) => line.order, (line) => this.line(line))}
    </ul>`;
  }

  private line(line: InboxLine): TemplateResult {
    const texts = textsOf(this.tongue);
    const t = texts.inbox;
    return html`<li
      data-test="inbox-line"
      data-order=${line.order}
      data-state=${line.state}
      data-unread=${line.unread}
      data-turn=${line.my_turn ?? false}
    >
      <a href=${this.href.replace('{order}', encodeURIComponent(line.order))} class=${line.my_turn ? 'mine' : ''}>
        <span class="what">
          <strong>${line.title}</strong>
          <span class="who">${t.with(line.other)}, ${t.as[line.role]}</span>
        </span>
        <span class="signs">
          ${line.unread > 0
            ? html`<span class="unread" title=${t.unread(line.unread)}
                ><span aria-hidden="true">${icon('chat', 15)}${line.unread > 99 ? '99+' : line.unread}</span
                ><span class="sr">${t.unread(line.unread)}</span></span
              >`
            : nothing}
          ${line.my_turn ? html`<span class="turn">${t.turn}</span>` : nothing}
          <span class="chip ${line.state}">${texts.state[line.state]}</span>
        </span>
        ${this.left(line)}
      </a>
    </li>`;
  }

  private left(line: InboxLine): TemplateResult {
    const t = textsOf(this.tongue).inbox;
    if (isEnded(line)) return html`<span class="left"></span>`;
    if (!line.due) return html`<span class="left">${t.noClock}</span>`;
    const ms = Date.parse(line.due) - (this.connection?.now() ?? Date.now());
    const words = ms <= 0 ? t.over : t.left(inWords(ms, this.tongue));
    return html`<span class="left ${ms < SHORT ? 'short' : ''}" data-test="inbox-left" data-due=${line.due}>
      ${icon('clock', 16)}<span>${words}</span>
    </span>`;
  }

  static override readonly styles = [
    tokens,
    base,
    css`
      :host {
        display: block;
        background: var(--paper);
        color: var(--ink);
        font-family: var(--font);
        font-size: 16px;
        line-height: 1.4;
        -webkit-text-size-adjust: 100%;
      }
      order-room-rings {
        max-width: 420px;
        margin-bottom: 18px;
      }
      order-room-banner {
        display: block;
        border-radius: 12px;
        overflow: hidden;
      }
      header {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 2px 16px;
        margin-bottom: 18px;
      }
      h1 {
        font-size: 26px;
        font-weight: 680;
        letter-spacing: -0.02em;
        line-height: 1.2;
      }
      header p {
        color: var(--muted);
      }
      .grow {
        flex: 1;
      }
      order-room-search {
        max-height: 60vh;
        margin-bottom: 18px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        overflow: hidden;
      }
      /* The word stands flush with the list below it. */
      header button.quiet {
        margin-inline: -14px;
      }
      header b {
        margin-right: 8px;
        font-weight: 500;
        color: var(--ink);
      }
      h2.heading {
        margin: 28px 0 10px;
        font-size: 14px;
      }
      ul {
        overflow: hidden;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      a {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto 190px;
        align-items: center;
        gap: 4px 20px;
        min-height: 76px;
        padding: 14px 20px;
        color: inherit;
        text-decoration: none;
        transition: background 120ms;
      }
      a:hover {
        background: var(--sunken);
      }
      a:focus-visible {
        outline-offset: -3px;
      }
      .what {
        display: grid;
        gap: 2px;
        min-width: 0;
      }
      strong {
        font-weight: 600;
        line-height: 1.3;
        overflow-wrap: anywhere;
      }
      .who {
        font-size: 14px;
        color: var(--muted);
      }
      .signs {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: flex-end;
        gap: 8px;
      }
      .chip,
      .turn,
      .unread {
        padding: 3px 11px;
        border-radius: 14px;
        font-size: 13px;
        font-weight: 600;
        white-space: nowrap;
      }
      .chip {
        background: var(--sunken);
        color: var(--muted);
      }
      a:hover .chip {
        background: var(--surface);
      }
      .chip.late,
      .chip.frozen {
        background: var(--bad-soft);
        color: var(--bad);
      }
      .turn {
        background: var(--accent-soft);
        color: var(--accent-strong);
      }
      .unread {
        background: var(--accent);
        color: var(--accent-ink);
        font-variant-numeric: tabular-nums;
      }
      .unread > span:first-child {
        display: inline-flex;
        align-items: center;
        gap: 5px;
      }
      .left {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        font-size: 14px;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .left.short {
        color: var(--bad);
        font-weight: 600;
      }
      .notice {
        display: flex;
        flex-direction: column;
        align-items: center;
        gap: 10px;
        padding: 72px 24px;
        text-align: center;
        color: var(--muted);
      }
      .notice .icon {
        color: var(--accent);
      }
      .notice h1,
      .notice h2 {
        color: var(--ink);
        font-size: 20px;
      }
      .notice button {
        color: var(--ink);
      }
      .notice p {
        max-width: 44ch;
        line-height: 1.5;
      }
      .spinner {
        width: 30px;
        height: 30px;
        border-radius: 50%;
        border: 3px solid var(--line);
        border-top-color: var(--accent);
        animation: turn 0.9s linear infinite;
      }
      @keyframes turn {
        to {
          transform: rotate(1turn);
        }
      }
      @media (max-width: 720px) {
        /* There its ground must not reach the edge of the window. */
        header button.quiet {
          margin-inline: -6px;
          padding-inline: 6px;
        }
        a {
          display: flex;
          flex-wrap: wrap;
          gap: 10px 14px;
          padding: 14px 16px;
        }
        .what {
          flex-basis: 100%;
        }
        .signs {
          justify-content: flex-start;
        }
        .left:empty {
          display: none;
        }
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-inbox': OrderInboxElement;
  }
}
