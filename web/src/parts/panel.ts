/** Beside the conversation: the clock, whose turn it is, the list, the steps and the money. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { icon } from '../icons.js';
import { ENDED } from '../inbox.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { money, textsOf, type Language } from '../texts/index.js';
import type { Actions } from './actions.js';
import './actions.js';
import './again.js';
import './brief.js';
import './countdown-panel.js';
import { Footing } from './footing.js';
import { isBargain, type Proposals } from './proposals.js';
import './proposals.js';
import './questions.js';
import './record.js';
import './minutes.js';
import './steps.js';
import './talks.js';

@customElement('order-room-panel')
export class Panel extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  @property({ attribute: false }) clock: () => number = Date.now;
  /** Changes whenever the room may have. */
  @property({ type: Number }) revision = 0;

  /** Whether the page around sells again what an order was about. */
  @property({ type: Boolean }) again = false;

  @query('order-room-actions') private actions!: Actions | null;
  @query('order-room-proposals') private proposals!: Proposals | null;
  /** Whether what was proposed stands above what can be done. */
  private asked = false;

  constructor() {
    super();
    new Footing(this, () => this.actions?.heading);
  }

  override willUpdate(): void {
    const { situation, me } = this.room;
    // what is being written there would be lost if it were drawn at another place
    if (this.proposals?.writing) return;
    this.asked = situation?.proposals?.some((p) => p.by !== me?.person) ?? false;
  }

  override render(): TemplateResult {
    const { room, asked } = this;
    const t = textsOf(this.language);
    const s = room.situation;
    if (!s) return html``;
    const countdown = s.deadlines[0]
      ? html`<order-room-countdown .deadline=${s.deadlines[0]} .language=${this.language} .clock=${this.clock}></order-room-countdown>`
      : nothing;
    const agreeing =
      s.proposals?.some(({ kind }) => isBargain(kind)) || s.may_propose?.some(isBargain)
        ? html`<order-room-proposals .room=${room} .situation=${s} .language=${this.language}></order-room-proposals>`
        : nothing;
    // While the order runs the clock matters most; afterwards what became of the money does.
    return html`
      ${ended(room) ? nothing : countdown} ${asked ? agreeing : nothing}
      <order-room-actions
        .room=${room}
        .situation=${s}
        .language=${this.language}
        .online=${room.connection.status === 'online'}
        .uploading=${room.transfers.unfinished}
      ></order-room-actions>
      <order-room-again .room=${room} .situation=${s} .language=${this.language} .offered=${this.again}></order-room-again>
      <order-room-minutes .room=${room} .situation=${s} .language=${this.language} .revision=${this.revision}></order-room-minutes>
      <order-room-talks .room=${room} .situation=${s} .language=${this.language} .clock=${this.clock}></order-room-talks>
      ${s.brief
        ? html`<order-room-brief .room=${room} .brief=${s.brief} .language=${this.language}></order-room-brief>`
        : nothing}
      ${s.state === 'question' || s.state === 'question_closed' ? this.unpaid() : nothing}
      ${ended(room) ? countdown : nothing}
      ${asked ? nothing : agreeing}
      ${s.deadlines.slice(1).map(
        (later) => html`<order-room-countdown minor .deadline=${later} .language=${this.language} .clock=${this.clock}></order-room-countdown>`,
      )}
      <order-room-steps .state=${s.state} .language=${this.language}></order-room-steps>
      ${s.held_cents > 0
        ? html`<section class="card escrow" data-test="escrow" data-held=${s.held_cents}>
            ${icon('lock', 22)}
            <div>
              <strong>${t.escrow.held(money(this.language, s.held_cents, s.currency))}</strong>
              <p>${s.state === 'frozen' ? t.escrow.frozen : t.escrow.hint}</p>
            </div>
          </section>`
        : nothing}
      <order-room-questions .viewer=${s.role} .state=${s.state} .language=${this.language}></order-room-questions>
      <order-room-record .room=${room} .language=${this.language}></order-room-record>
    `;
  }

  /** Before an order there is no money to speak of. */
  private unpaid(): TemplateResult {
    const t = textsOf(this.language).question;
    const { state, role } = this.room.situation ?? {};
    return html`<section class="card escrow" data-test="unpaid">
      ${icon('coins', 22)}
      <div>
        <strong>${t.heading}</strong>
        <p>${state === 'question_closed' ? t.closed : role === 'seller' ? t.seller : t.buyer}</p>
      </div>
    </section>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: flex;
        flex-direction: column;
        gap: 12px;
      }
      :host > * {
        flex: none;
      }
      /* what has nothing to say takes no room */
      order-room-again,
      order-room-minutes,
      order-room-talks {
        display: contents;
      }
      .escrow {
        display: flex;
        gap: 14px;
        line-height: 1.4;
      }
      .escrow .icon {
        color: var(--accent);
        margin-top: 1px;
      }
      .escrow strong {
        font-weight: 600;
      }
      .escrow p {
        font-size: 14px;
        color: var(--muted);
      }
    `,
  ];
}

/** Whether the order can no longer move. */
export function ended(room: OrderRoom): boolean {
  const now = room.situation?.state;
  return now !== undefined && ENDED.has(now);
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-panel': Panel;
  }
}
