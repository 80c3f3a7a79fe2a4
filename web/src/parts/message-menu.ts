/** What can be done with a message: reactions in a row, actions below. One menu for the thread. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icon, type Icon } from '../icons.js';
import type { Reaction } from '../protocol.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { SIGNS } from './message.js';

export type MessageAction = 'reply' | 'edit' | 'withdraw' | 'copy' | 'report';

export interface Offer {
  seq: number;
  actions: readonly MessageAction[];
  /** Reactions of the viewer's own that stand there; null where none can be given. */
  reacted: ReadonlySet<Reaction> | null;
}

const ACTIONS: Record<MessageAction, Icon> = { reply: 'reply', edit: 'pen', withdraw: 'undo', copy: 'copy', report: 'flag' };
const GAP = 6;

/** Tells `chosen` (detail: `{seq, action}`) and `reacted` (detail: `{seq, reaction, on}`). */
@customElement('order-room-message-menu')
export class MessageMenu extends LitElement {
  @property() language: Language = 'fr';
  @state() private offer: Offer | null = null;
  @query('.menu') private menu!: HTMLElement;
  private anchor: HTMLElement | null = null;

  async open(offer: Offer, anchor: HTMLElement): Promise<void> {
    this.offer = offer;
    this.anchor = anchor;
    await this.updateComplete;
    this.menu.showPopover();
    this.place(anchor.getBoundingClientRect());
    this.items[0]?.focus({ preventScroll: true });
  }

  private get items(): HTMLElement[] {
    return [...this.menu.querySelectorAll('button')];
  }

  /** Below the button if there is room, else above it; never outside the window. */
  private place(at: DOMRect): void {
    const { offsetWidth: width, offsetHeight: height } = this.menu;
    const left = Math.min(Math.max(8, at.left + at.width / 2 - width / 2), innerWidth - width - 8);
    const below = at.bottom + GAP + height < innerHeight;
    const top = below ? at.bottom + GAP : Math.max(8, at.top - GAP - height);
    this.menu.style.left = `${left}px`;
    this.menu.style.top = `${top}px`;
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).message;
    const { offer } = this;
    return html`<div class="menu" popover="auto" role="menu" aria-label=${t.actions} data-test="menu"
      @keydown=${this.pressed} @toggle=${this.toggled}>
      ${offer?.reacted
        ? html`<div class="row" role="group">
            ${(Object.keys(SIGNS) as Reaction[]).map(
              (reaction) => html`<button
                role="menuitemcheckbox"
                class="quiet"
                tabindex="-1"
                data-test="react"
                data-reaction=${reaction}
                aria-checked=${offer.reacted?.has(reaction) ?? false}
                aria-label=${t.react(t.reaction[reaction])}
                title=${t.reaction[reaction]}
                @click=${() => this.react(reaction)}
              >
                ${icon(SIGNS[reaction], 22)}
              </button>`,
            )}
          </div>`
        : nothing}
      ${offer?.actions.map(
        (action) => html`<button
          role="menuitem"
          class="quiet action ${action === 'withdraw' ? 'bad' : ''}"
          tabindex="-1"
          data-test="menu-${action}"
          @click=${() => this.choose(action)}
        >
          ${icon(ACTIONS[action], 18)}${t[action]}
        </button>`,
      ) ?? nothing}
    </div>`;
  }

  private readonly pressed = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    const { items } = this;
    const at = items.indexOf(this.shadowRoot?.activeElement as HTMLElement);
    if (event.key === 'Tab') this.menu.hidePopover();
    else if (event.key === 'Home') items[0]?.focus();
    else if (event.key === 'End') items.at(-1)?.focus();
    else if (step) items[(at + step + items.length) % items.length]?.focus();
    else return;
    if (event.key !== 'Tab') event.preventDefault();
  };

  private readonly toggled = (event: ToggleEvent): void => {
    if (event.newState !== 'closed') return;
    this.anchor?.focus({ preventScroll: true });
    this.anchor = null;
  };

  private react(reaction: Reaction): void {
    const { offer } = this;
    this.menu.hidePopover();
    if (!offer) return;
    const detail = { seq: offer.seq, reaction, on: !offer.reacted?.has(reaction) };
    this.dispatchEvent(new CustomEvent('reacted', { detail }));
  }

  private choose(action: MessageAction): void {
    const { offer } = this;
    if (action === 'reply' || action === 'edit') this.anchor = null; // the composer takes the focus
    this.menu.hidePopover();
    if (offer) this.dispatchEvent(new CustomEvent('chosen', { detail: { seq: offer.seq, action } }));
  }

  static override readonly styles = [
    base,
    css`
      .menu {
        position: fixed;
        inset: auto;
        margin: 0;
        width: max-content;
        max-width: calc(100vw - 8px);
        padding: 6px;
        border: 1px solid var(--line);
        border-radius: 16px;
        background: var(--surface);
        color: var(--ink);
        box-shadow: 0 12px 40px rgb(0 0 0 / 0.22);
      }
      .row {
        display: grid;
        grid-template-columns: repeat(8, 1fr);
        padding-bottom: 4px;
        margin-bottom: 4px;
        border-bottom: 1px solid var(--line);
      }
      .row button.quiet {
        width: 44px;
        padding: 0;
        color: var(--ink);
      }
      .row button.quiet[aria-checked='true'] {
        background: var(--accent-soft);
        color: var(--accent-strong);
      }
      button.action {
        display: flex;
        width: 100%;
        justify-content: flex-start;
        color: var(--ink);
      }
      button.action.bad {
        color: var(--bad);
      }
      /* Eight in a row need 366 px. */
      @media (max-width: 374px) {
        .row {
          grid-template-columns: repeat(4, 1fr);
          justify-items: center;
        }
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-message-menu': MessageMenu;
  }
}
