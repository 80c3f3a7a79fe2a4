/** A word to a seller who lets one wait: when it is possible, and that it was sent. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { inWords } from '../countdown.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { Footing } from './footing.js';
import { Sending } from './sending.js';

const DONE_SHOWN = 8_000;

@customElement('order-room-nudge')
export class Nudge extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  /** When it becomes possible. */
  @property() from = '';

  @state() private done = false;
  @state() private second = 0;
  private readonly sending = new Sending(this);
  private ticking: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    new Footing(this, () => this.renderRoot.querySelector<HTMLElement>('.done'), () => this.sending.busy);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.ticking = setInterval(() => (this.second += 1), 1000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.ticking);
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).nudge;
    const name = this.room.other?.name ?? '';
    const left = Date.parse(this.from) - this.room.connection.now();
    const waits = left > 0;
    return html`<div data-test="nudge" data-waits=${waits} data-second=${this.second}>
      <button data-test="nudge-send" aria-describedby="why" ?disabled=${waits || this.sending.busy} @click=${this.send}>
        ${icon('bell', 18)}${t.button(name)}
      </button>
      <small id="why">${this.done ? '' : waits ? t.from(inWords(left, this.language)) : t.hint(name)}</small>
      <p role="status" class="done">${this.done ? t.done : nothing}</p>
      ${this.sending.refused(null)}
    </div>`;
  }

  private readonly send = async (): Promise<void> => {
    if (!(await this.sending.send(null, () => this.room.messages.nudge()))) return;
    this.done = true;
    setTimeout(() => (this.done = false), DONE_SHOWN);
  };

  static override readonly styles = [
    base,
    css`
      div {
        margin-top: 14px;
        padding-top: 14px;
        border-top: 1px solid var(--line);
      }
      button {
        width: 100%;
      }
      small {
        display: block;
        margin-top: 6px;
        text-align: center;
        font-size: 13px;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .done {
        font-size: 14px;
        text-align: center;
        color: var(--good);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-nudge': Nudge;
  }
}
