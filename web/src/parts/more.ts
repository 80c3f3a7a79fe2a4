/** What is seldom wanted: search, hiding one's presence, reporting, blocking. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { hidePresence } from '../messages.js';
import { textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';
import type { Report } from './report.js';
import './report.js';
import { Sending } from './sending.js';

const GAP = 6;

/** Tells `search` when the search is wanted. */
@customElement('order-room-more')
export class More extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  /** On a phone there is no room for a button of the search. */
  @property({ type: Boolean }) narrow = false;
  /** Changes whenever the room may have. */
  @property({ type: Number }) revision = 0;

  private readonly sending = new Sending(this);
  /** What was chosen takes the focus itself. */
  private leaving = false;
  @query('.more') private button!: HTMLButtonElement;
  @query('.menu') private menu!: HTMLElement;
  @query('dialog') private dialog!: HTMLDialogElement;
  @query('order-room-report') private reporting!: Report;

  override render(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.safety;
    const { room } = this;
    const other = room.other?.name ?? texts.someone;
    const party = room.me?.role !== 'mediator';
    const hidden = room.connection.welcome?.hide_presence ?? false;
    const { blocking } = room;
    return html`
      ${this.narrow
        ? nothing
        : html`<button class="quiet round" data-test="search-open" aria-label=${texts.search.open} title=${texts.search.open} @click=${this.search}>
            ${icon('search', 20)}
          </button>`}
      <button class="quiet round more" data-test="more" aria-haspopup="menu" aria-label=${t.menu} title=${t.menu} @click=${this.open}>${icon('dots', 20)}</button>
      <div class="menu" popover="auto" role="menu" aria-label=${t.menu} data-test="more-menu" @keydown=${this.pressed} @toggle=${this.toggled}>
        ${this.narrow
          ? html`<button role="menuitem" class="quiet item" tabindex="-1" data-test="search-open" @click=${this.search}>
              ${icon('search', 18)}<span>${texts.search.open}</span>
            </button>`
          : nothing}
        ${party
          ? html`<button role="menuitem" class="quiet item" tabindex="-1" data-test="sound-check-menu" @click=${this.checkSound}>
              ${icon('mic', 18)}<span>${texts.sound.check.settings}</span>
            </button>`
          : nothing}
        <button role="menuitemcheckbox" class="quiet item" tabindex="-1" data-test="hide-presence" aria-checked=${hidden}
          ?disabled=${this.sending.busy} @click=${() => this.hide(!hidden)}>
          ${icon(hidden ? 'check' : 'eyeOff', 18)}<span>${t.hide}<small>${t.hideHint}</small></span>
        </button>
        ${party
          ? html`<button role="menuitem" class="quiet item" tabindex="-1" data-test="report-person" @click=${this.report}>
                ${icon('flag', 18)}<span>${t.report(other)}</span>
              </button>
              <button role="menuitem" class="quiet item ${blocking ? '' : 'bad'}" tabindex="-1" data-test="block" data-blocking=${blocking}
                ?disabled=${this.sending.busy} @click=${() => (blocking ? void this.block(false) : this.ask())}>
                ${icon('ban', 18)}<span>${blocking ? t.unblock(other) : t.block(other)}</span>
              </button>`
          : nothing}
        ${this.sending.refused(null)}
      </div>
      <dialog data-test="block-dialog" aria-labelledby="title" @click=${(e: Event) => e.target === this.dialog && this.dialog.close()}>
        <h2 id="title">${t.blockTitle(other)}</h2>
        <p>${t.blockBody(other)}</p>
        ${this.sending.refused(null)}
        <div class="choice">
          <button data-test="block-back" @click=${() => this.dialog.close()}>${texts.cancelDialog}</button>
          <button class="danger" data-test="block-confirm" ?disabled=${this.sending.busy} @click=${() => this.block(true)}>${t.blockYes}</button>
        </div>
      </dialog>
      <order-room-report .room=${room} .language=${this.language}></order-room-report>
    `;
  }

  private get items(): HTMLElement[] {
    return [...this.menu.querySelectorAll<HTMLElement>('button:not(:disabled)')];
  }

  private readonly open = (): void => {
    this.sending.begin();
    this.menu.showPopover();
    const at = this.button.getBoundingClientRect();
    this.menu.style.top = `${at.bottom + GAP}px`;
    this.menu.style.left = `${Math.max(8, Math.min(at.right, innerWidth - 8) - this.menu.offsetWidth)}px`;
    this.items[0]?.focus();
  };

  private readonly toggled = (event: ToggleEvent): void => {
    if (event.newState === 'closed' && !this.dialog.open && !this.leaving) this.button.focus();
    this.leaving = false;
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Tab') this.menu.hidePopover();
    if (!step) return;
    event.preventDefault();
    const { items } = this;
    const at = items.indexOf(this.shadowRoot?.activeElement as HTMLElement);
    items[(at + step + items.length) % items.length]?.focus();
  };

  /** The button of the search, or of the menu where it is. */
  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>(this.narrow ? '[data-test="more"]' : '[data-test="search-open"]')?.focus();
  }

  private readonly search = (): void => {
    if (this.menu.matches(':popover-open')) {
      this.leaving = true;
      this.menu.hidePopover();
    }
    this.dispatchEvent(new CustomEvent('search', { bubbles: true, composed: true }));
  };

  private readonly checkSound = (): void => {
    this.leaving = true;
    this.menu.hidePopover();
    this.button.focus(); // where the dialog gives it back to
    this.dispatchEvent(new CustomEvent('sound-check', { bubbles: true, composed: true }));
  };

  private readonly report = (): void => {
    this.menu.hidePopover();
    this.reporting.ask(null);
  };

  private ask(): void {
    this.menu.hidePopover();
    this.dialog.showModal();
  }

  private async block(on: boolean): Promise<void> {
    if (!(await this.sending.send(null, () => this.room.block(on)))) return;
    this.dialog.close();
    this.menu.hidePopover();
  }

  private async hide(hide: boolean): Promise<void> {
    if (await this.sending.send(null, () => hidePresence(this.room.connection, hide))) this.menu.hidePopover();
  }

  static override readonly styles = [
    base,
    dialogLook,
    css`
      :host {
        display: flex;
        flex: none;
        margin-inline-start: -8px;
      }
      .menu {
        position: fixed;
        inset: auto;
        margin: 0;
        width: max-content;
        max-width: min(340px, calc(100vw - 16px));
        padding: 6px;
        border: 1px solid var(--line);
        border-radius: 16px;
        background: var(--surface);
        color: var(--ink);
        box-shadow: 0 12px 40px rgb(0 0 0 / 0.22);
      }
      button.item {
        display: flex;
        width: 100%;
        justify-content: flex-start;
        align-items: flex-start;
        padding: 11px 14px;
        color: var(--ink);
        text-align: start;
        line-height: 1.35;
      }
      .item .icon {
        margin-top: 2px;
      }
      .item small {
        display: block;
        font-size: 13px;
        font-weight: 400;
        color: var(--muted);
      }
      button.item.bad {
        color: var(--bad);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-more': More;
  }
}
