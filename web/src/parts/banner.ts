/** Says when the line is down, what has not gone out yet, and when it is back. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Connection } from '../connection.js';
import { icon } from '../icons.js';
import type { Status } from '../line.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

const BACK_SHOWN = 4_000;
/** A line that is back within this was never worth a word. */
const PATIENCE = 1_200;

@customElement('order-room-banner')
export class Banner extends LitElement {
  @property({ attribute: false }) connection!: Connection;
  @property() status: Status = 'connecting';
  @property() language: Language = 'fr';
  @property({ type: Number }) unsent = 0;
  /** Changes whenever the connection may have. */
  @property({ type: Number }) revision = 0;

  @state() private shown: 'nothing' | 'down' | 'back' = 'nothing';
  @state() private second = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ticking: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.ticking = setInterval(() => this.shown === 'down' && (this.second += 1), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.ticking);
    clearTimeout(this.timer);
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('status')) return;
    const was = changed.get('status') as Status | undefined;
    if (this.status === 'online') {
      this.turnTo(0, this.shown === 'down' ? 'back' : 'nothing');
    } else if (this.status === 'stopped') {
      this.turnTo(0, 'down');
    } else if (was === 'online' || was === undefined) {
      this.turnTo(PATIENCE, 'down');
    }
  }

  private turnTo(wait: number, shown: 'nothing' | 'down' | 'back'): void {
    clearTimeout(this.timer);
    if (wait > 0) {
      this.timer = setTimeout(() => (this.shown = shown), wait);
      return;
    }
    this.shown = shown;
    if (shown === 'back') this.timer = setTimeout(() => (this.shown = 'nothing'), BACK_SHOWN);
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).line;
    const label = this.shown === 'down' ? this.down() : this.shown === 'back' ? this.back() : nothing;
    return html`<div
      class="banner ${this.shown} ${this.status}"
      data-test="connection"
      data-state=${this.status}
      data-second=${this.second}
      role="status"
      title=${t[this.status === 'stopped' ? 'offline' : this.status]}
    >
      ${label}
    </div>`;
  }

  private back(): TemplateResult {
    return html`${icon('check', 18)}<span>${textsOf(this.language).line.back}</span>`;
  }

  private down(): TemplateResult {
    const t = textsOf(this.language).line;
    const { connection, status } = this;
    if (status === 'stopped') {
      const code = connection.refusal?.code ?? '';
      const known = t.stopped[code] ?? (connection.refusal?.text || t.stopped['other']);
      const reload = code === 'close_4102' || code === 'close_4104';
      return html`${icon('alert', 18)}<span class="grow">${known}</span>
        <button data-test="connection-retry" @click=${() => (reload ? location.reload() : connection.retry())}>
          ${reload ? t.reload : code === 'close_4103' ? t.here : t.now}
        </button>`;
    }
    const next = connection.nextTry;
    const seconds = next === null ? 0 : Math.ceil((next - connection.local()) / 1000);
    return html`${icon('offline', 18)}
      <span class="grow">
        ${t.offline} ${this.unsent > 0 ? t.unsent(this.unsent) : nothing}
        <span class="when" aria-hidden="true">${seconds > 1 ? t.retryIn(seconds) : t.connecting}</span>
      </span>
      <button data-test="connection-retry" @click=${() => connection.retry()}>${t.now}</button>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
      }
      .banner {
        display: flex;
        align-items: center;
        gap: 10px;
        font-size: 14px;
        line-height: 1.35;
      }
      .banner.nothing {
        display: none;
      }
      .down,
      .back {
        min-height: 48px;
        padding: 4px 6px 4px 20px;
      }
      .down {
        background: var(--warn-soft);
        color: var(--warn);
      }
      .down.stopped {
        background: var(--bad-soft);
        color: var(--bad);
      }
      .back {
        background: var(--accent-soft);
        color: var(--accent-strong);
      }
      .grow {
        flex: 1;
      }
      .when {
        font-variant-numeric: tabular-nums;
      }
      button {
        background: transparent;
        border-color: transparent;
        color: inherit;
        text-decoration: underline;
        text-underline-offset: 3px;
        flex: none;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-banner': Banner;
  }
}
