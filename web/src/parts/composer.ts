/** Where a message is written. Never sends an empty or an over-long one. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import type { Attach } from './files.js';
import './files.js';

/** The count appears when this part of the limit is left. */
const NEAR_LIMIT = 0.1;
const ADVICE_READ = 'order-room:advice-read';
const DRAFT = 'order-room:draft:';

@customElement('order-room-composer')
export class Composer extends LitElement {
  @property() language: Language = 'fr';
  /** Where files go. */
  @property({ attribute: false }) room!: OrderRoom;
  @property() other = '';
  @property() order = '';
  @property({ type: Number }) max = 5000;
  /** Why nothing can be written; empty while the conversation is open. */
  @property() closed = '';
  /** Until when it is open, if it ends. */
  @property() hint = '';

  @state() private text = '';
  @state() private advice = !read(ADVICE_READ, 'localStorage');
  @state() private over = false;
  @query('order-room-attach') private attach!: Attach | null;
  @query('textarea') private area!: HTMLTextAreaElement | null;

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('order') && this.order) this.text = read(DRAFT + this.order, 'sessionStorage') ?? '';
  }

  override updated(): void {
    const { area } = this;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight + 2, 180)}px`;
  }

  override focus(): void {
    this.area?.focus();
  }

  private get left(): number {
    return this.max - [...this.text.trim()].length;
  }

  private get sendable(): boolean {
    return this.text.trim() !== '' && this.left >= 0;
  }

  private readonly typed = (event: InputEvent): void => {
    this.text = (event.target as HTMLTextAreaElement).value;
    write(DRAFT + this.order, this.text, 'sessionStorage');
    this.dispatchEvent(new CustomEvent(this.text.trim() === '' ? 'quiet' : 'writes'));
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit();
  };

  private readonly dragged = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  };

  private readonly dropped = (event: DragEvent): void => {
    this.over = false;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.attach?.take(event.dataTransfer.files);
  };

  private readonly pasted = (event: ClipboardEvent): void => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.attach?.take(event.clipboardData.files);
  };

  private submit(): void {
    if (!this.sendable) return;
    this.dispatchEvent(new CustomEvent('send', { detail: this.text.trim() }));
    this.text = '';
    write(DRAFT + this.order, '', 'sessionStorage');
    this.area?.focus();
  }

  private setAdvice(shown: boolean): void {
    this.advice = shown;
    write(ADVICE_READ, shown ? '' : 'yes', 'localStorage');
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    if (this.closed) {
      return html`<div class="closed" data-test="composer-closed">${icon('lock')}<p>${this.closed}</p></div>`;
    }
    const { left } = this;
    const near = left < this.max * NEAR_LIMIT;
    return html`
      ${this.advice
        ? html`<aside class="advice" data-test="advice" aria-label=${t.advice.heading}>
            ${icon('shield', 22)}
            <div>
              <strong>${t.advice.heading}</strong>
              <p>${t.advice.body} <span class="tip">${t.advice.tip}</span></p>
            </div>
            <button class="quiet" data-test="advice-dismiss" @click=${() => this.setAdvice(false)}>${t.dismiss}</button>
          </aside>`
        : nothing}
      <div
        class="box ${left < 0 ? 'over' : ''} ${this.over ? 'drop' : ''}"
        @dragover=${this.dragged}
        @dragleave=${() => (this.over = false)}
        @drop=${this.dropped}
      >
        <order-room-attach bare .room=${this.room} .language=${this.language}></order-room-attach>
        <textarea
          rows="1"
          data-test="composer"
          aria-label=${t.chat.label}
          aria-describedby="hint"
          placeholder=${t.chat.placeholder(this.other)}
          enterkeyhint="send"
          .value=${this.text}
          @input=${this.typed}
          @keydown=${this.pressed}
          @paste=${this.pasted}
          @blur=${() => this.dispatchEvent(new CustomEvent('quiet'))}
        ></textarea>
        <button
          class="primary round"
          data-test="send"
          aria-label=${t.chat.send}
          title=${t.chat.send}
          ?disabled=${!this.sendable}
          @click=${() => this.submit()}
        >
          ${icon('send')}
        </button>
      </div>
      <div class="foot">
        ${near
          ? html`<span class="count ${left < 0 ? 'over' : ''}" data-test="text-left" role="status">
              ${left < 0 ? t.chat.over(-left) : t.chat.left(left)}
            </span>`
          : html`<span id="hint" class="keys">${this.hint || t.chat.keys}</span>`}
        ${this.advice
          ? nothing
          : html`<button class="quiet again" data-test="advice-show" @click=${() => this.setAdvice(true)}>
              ${icon('shield', 16)}${t.advice.again}
            </button>`}
      </div>
    `;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        width: 100%;
        max-width: 760px;
        margin: 0 auto;
        padding: 0 24px 10px;
      }
      .box {
        display: flex;
        flex-wrap: wrap;
        align-items: flex-end;
        gap: 2px;
        padding: 5px;
        border: 1px solid var(--line);
        border-radius: 27px;
        background: var(--surface);
        box-shadow: var(--shadow);
      }
      .box:focus-within {
        border-color: var(--accent);
        outline: 1.5px solid var(--accent);
      }
      .box.drop {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
      .box.over {
        border-color: var(--bad);
        outline-color: var(--bad);
      }
      textarea {
        flex: 1;
        min-width: 0;
        min-height: 44px;
        padding: 11px 6px 11px 5px;
        border: 0;
        outline: 0;
        background: transparent;
        resize: none;
        line-height: 1.4;
        overflow-wrap: anywhere;
        scrollbar-width: thin;
      }
      textarea:focus-visible {
        outline: none; /* the box around it shows the focus */
      }
      textarea::placeholder {
        color: var(--muted);
        opacity: 1;
      }
      .foot {
        display: flex;
        justify-content: space-between;
        align-items: center;
        min-height: 32px;
        padding: 2px 6px 0 20px;
        font-size: 12.5px;
        color: var(--muted);
      }
      .count {
        font-variant-numeric: tabular-nums;
        font-weight: 600;
        color: var(--warn);
      }
      .count.over {
        color: var(--bad);
      }
      .again {
        min-height: 32px;
        padding: 0 10px;
        font-size: 12.5px;
        gap: 5px;
      }
      .advice {
        display: flex;
        gap: 12px;
        align-items: flex-start;
        margin-bottom: 10px;
        padding: 12px 8px 12px 14px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--surface);
        font-size: 14px;
        line-height: 1.42;
      }
      .advice .icon {
        color: var(--accent);
      }
      .advice > div {
        flex: 1;
      }
      .advice button {
        color: var(--accent);
        font-weight: 600;
        align-self: center;
      }
      .tip {
        color: var(--muted);
      }
      .closed {
        display: flex;
        gap: 12px;
        align-items: center;
        margin-bottom: 10px;
        padding: 15px 18px;
        border-radius: var(--radius);
        background: var(--sunken);
        color: var(--muted);
        line-height: 1.4;
      }
      @media (max-width: 620px) {
        :host {
          padding: 0 10px max(8px, env(safe-area-inset-bottom));
        }
        .advice {
          position: relative;
          gap: 9px;
          margin-bottom: 8px;
          padding: 12px;
          font-size: 13.5px;
        }
        .advice strong {
          display: block;
          padding-right: 80px;
          margin-bottom: 3px;
        }
        .advice button {
          position: absolute;
          top: 0;
          right: 0;
          padding: 0 14px;
        }
        textarea {
          font-size: 16px;
        }
      }
      @media (hover: none) {
        .keys {
          display: none;
        }
        .foot {
          min-height: 0;
          justify-content: flex-end;
        }
      }
    `,
  ];
}

function read(key: string, where: 'localStorage' | 'sessionStorage'): string | null {
  try {
    return globalThis[where].getItem(key) || null;
  } catch {
    return null;
  }
}

function write(key: string, value: string, where: 'localStorage' | 'sessionStorage'): void {
  try {
    if (value) globalThis[where].setItem(key, value);
    else globalThis[where].removeItem(key);
  } catch {
    // the draft lives in the page then
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-composer': Composer;
  }
}
