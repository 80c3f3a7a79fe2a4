/** Whose turn it is, what to do, and the steps a person can take, each confirmed first. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { inWords } from '../countdown.js';
import { icon } from '../icons.js';
import type { Situation, Verb } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { money, textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';
import { Footing } from './footing.js';
import { Sending } from './sending.js';
import './nudge.js';
import './shares.js';

/** The order in which buttons stand: what moves the order on first, what ends it last. */
const RANK: readonly Verb[] = [
  'order.close',
  'order.start',
  'order.deliver',
  'brief.hand_over',
  'revision.accept',
  'cancel.withdraw',
  'cancel.refuse',
  'revision.request',
  'revision.refuse',
  'cancel.accept',
  'dispute.refund',
  'dispute.split',
  'dispute.pay',
  'dispute.resume',
  'dispute.open',
  'cancel.request',
  'order.give_up',
  'order.decline',
  'order.cancel',
  'question.close',
];
/** Steps that end the order, or lead there. */
const ENDING: ReadonlySet<Verb> = new Set([
  'order.cancel',
  'order.decline',
  'order.give_up',
  'cancel.request',
  'cancel.accept',
  'dispute.open',
  'question.close',
]);
/** The mediator's: none is proposed before another. */
const DECISIONS: ReadonlySet<Verb> = new Set(['dispute.refund', 'dispute.split', 'dispute.pay', 'dispute.resume']);
/** Steps that shut the conversation: a file that is on its way then does not arrive. */
const CLOSING: ReadonlySet<Verb> = new Set(['order.deliver', 'dispute.open', 'question.close']);
/** Steps after which the viewer's own money comes back. */
const REFUNDING: ReadonlySet<Verb> = new Set(['order.cancel']);

@customElement('order-room-actions')
export class Actions extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) situation!: Situation;
  @property() language: Language = 'fr';
  @property({ type: Boolean }) online = true;

  /** How many files are still on their way. */
  @property({ type: Number }) uploading = 0;

  @state() private verb: Verb | null = null;
  @state() private minute = 0;
  @query('dialog') private dialog!: HTMLDialogElement;
  @query('textarea') private note!: HTMLTextAreaElement | null;
  /** What a split gives back to the buyer, in cents. */
  @state() private share = 0;
  private readonly sending = new Sending(this);
  private asked = '';
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    new Footing(this, () => this.heading, () => this.sending.busy);
  }

  /** Whose turn it is now. */
  get heading(): HTMLElement | null {
    return this.renderRoot.querySelector('.card h2');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => (this.minute += 1), 30_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
  }

  override willUpdate(): void {
    // The step is no longer possible, for example because the clock reached zero.
    if (this.verb && !this.sending.busy && !this.situation.actions.includes(this.verb)) this.shut();
  }

  private async ask(verb: Verb): Promise<void> {
    this.verb = verb;
    this.sending.begin();
    this.share = Math.round(this.situation.held_cents / 2);
    this.asked = crypto.randomUUID();
    await this.updateComplete;
    this.dialog.showModal();
  }

  private shut(): void {
    this.sending.stop();
    this.dialog?.close();
    this.verb = null;
  }

  private async confirm(): Promise<void> {
    const { verb } = this;
    if (!verb || this.sending.busy) return;
    const note = this.note?.value.trim() ?? '';
    const split = verb === 'dispute.split' ? this.share : undefined;
    const { understood } = this.sending;
    const done = await this.sending.send(null, (signal) => this.room.process.step(verb, note, this.asked, signal, split, understood));
    if (done) this.shut();
    else this.asked = crypto.randomUUID();
  }

  private amount(): string {
    const { situation: s } = this;
    const cents = s.held_cents || this.room.room?.price_cents || 0;
    return money(this.language, cents, s.currency);
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const { situation: s, room } = this;
    const other = room.other?.name ?? t.someone;
    const key = s.state === 'awaiting_validation' && s.brief_handed ? 'handed' : s.state;
    const verbs = RANK.filter((verb) => s.actions.includes(verb));
    const deciding = verbs.some((verb) => DECISIONS.has(verb));
    const mine = s.turn?.role === s.role || deciding;
    const now = room.connection.now();
    const since = s.turn ? now - Date.parse(s.turn.since) : 0;
    return html`
      <section class="card ${mine ? 'mine' : ''}" data-test="turn" data-turn=${s.turn?.role ?? ''} data-minute=${this.minute}>
        ${s.turn
          ? html`<h2>
              ${mine ? t.turn.yours : t.turn.theirs(s.turn.role === 'mediator' ? t.role.mediator : other)}
              <small>${since < 60_000 ? t.turn.justNow : t.turn.since(inWords(Math.floor(since / 60_000) * 60_000, this.language))}</small>
            </h2>`
          : html`<h2>${deciding ? t.turn.decide : t.state[s.state]}</h2>`}
        <p class="guide">${t.guide[s.role]?.[key]?.(other)}</p>
        ${s.refund?.text
          ? html`<div class="refund" data-test="refund" data-confirmed=${s.refund.confirmed ?? false}>
              ${icon('coins')}
              <p>
                ${s.refund.text}
                <small>${icon(s.refund.confirmed ? 'check' : 'clock', 15)}${s.refund.confirmed ? t.escrow.confirmed : t.escrow.ordered}</small>
              </p>
            </div>`
          : nothing}
        ${s.nudge_from ? html`<order-room-nudge .room=${room} .from=${s.nudge_from} .language=${this.language}></order-room-nudge>` : nothing}
        ${verbs.length > 0 ? html`<div class="buttons">${verbs.map((v, i) => this.button(v, i))}</div>` : nothing}
      </section>
      ${this.confirmation(other)}
    `;
  }

  private button(verb: Verb, rank: number): TemplateResult {
    const t = textsOf(this.language);
    const again = verb === 'brief.hand_over' && this.situation.brief_handed;
    const look = ENDING.has(verb) ? 'quiet ending' : rank === 0 && !again && !DECISIONS.has(verb) ? 'primary' : '';
    return html`<button class=${look} data-test="action-${verb}" @click=${() => this.ask(verb)}>
      ${again ? t.handOverAgain : t.action[verb]}
    </button>`;
  }

  private confirmation(other: string): TemplateResult {
    const t = textsOf(this.language);
    const { verb } = this;
    const c = verb ? t.confirm[verb] : null;
    const refunds = verb !== null && REFUNDING.has(verb);
    const needed = verb !== null && (this.situation.reasons?.includes(verb) ?? false);
    const without = verb !== null && CLOSING.has(verb) ? this.uploading : 0;
    const means = this.situation.deadlines[0]?.visible?.means ?? 'unknown';
    return html`<dialog
      data-test="dialog"
      aria-labelledby="title"
      aria-describedby="body"
      @cancel=${(e: Event) => {
        e.preventDefault();
        this.shut();
      }}
      @click=${(e: Event) => {
        if (e.target === this.dialog && !this.sending.busy) this.shut();
      }}
    >
      ${verb && c
        ? html`<form
            method="dialog"
            @submit=${(e: Event) => {
              e.preventDefault();
              void this.confirm();
            }}
          >
            <h2 id="title">${c.title}</h2>
            <p id="body" data-test="dialog-money">${c.body(other, this.amount())} ${refunds ? t.visible[means] : nothing}</p>
            ${DECISIONS.has(verb) && verb !== 'dispute.resume' ? this.shares(verb) : nothing}
            ${c.note || needed
              ? html`<label>
                  <span>${c.note || (verb === 'order.start' ? t.startOpen : t.why)}${needed ? nothing : html` <i>${t.optional}</i>`}</span>
                  <textarea rows="3" data-test="note" @input=${() => this.sending.reworded()} ?required=${needed} maxlength=${this.room.room?.note_max ?? 1000}></textarea>
                </label>`
              : nothing}
            ${without > 0 ? html`<p class="without" role="status" data-test="without">${icon('alert', 18)}<span>${t.upload.leftOut(without)}</span></p>` : nothing}
            ${this.sending.refused(null)}
            ${this.sending.busy && !this.online ? html`<p class="waits" role="status">${t.waitsForLine}</p>` : nothing}
            <div class="choice">
              <button type="button" data-test="dialog-back" @click=${() => this.shut()}>${t.cancelDialog}</button>
              <button class=${ENDING.has(verb) ? 'danger' : 'primary'} type="submit" data-test="confirm" ?disabled=${this.sending.busy}>
                ${this.sending.busy ? t.sending : this.sending.understood.length > 0 ? t.warn.anyway : without > 0 ? t.upload.without(without) : c.yes}
              </button>
            </div>
          </form>`
        : nothing}
    </dialog>`;
  }

  private shares(verb: Verb): TemplateResult {
    const { situation: s } = this;
    const name = (role: 'buyer' | 'seller'): string => this.room.room?.members.find((m) => m.role === role)?.name ?? '';
    const refund = verb === 'dispute.refund' ? s.held_cents : verb === 'dispute.pay' ? 0 : this.share;
    return html`<order-room-shares
      .buyer=${name('buyer')}
      .seller=${name('seller')}
      .held=${s.held_cents}
      .currency=${s.currency}
      .language=${this.language}
      .refund=${refund}
      ?open=${verb === 'dispute.split'}
      @share=${(e: CustomEvent<number>) => (this.share = e.detail)}
    ></order-room-shares>`;
  }

  static override readonly styles = [
    base,
    dialogLook,
    css`
      .card.mine {
        background: var(--accent-soft);
        border-color: transparent;
      }
      h2 {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 8px;
        font-size: 17px;
        line-height: 1.35;
      }
      h2 small {
        font-size: 13px;
        font-weight: 400;
        color: var(--muted);
      }
      .guide {
        margin-top: 6px;
        line-height: 1.45;
      }
      .refund {
        display: flex;
        gap: 10px;
        margin-top: 14px;
        padding-top: 14px;
        border-top: 1px solid var(--line);
        line-height: 1.45;
      }
      .refund > .icon {
        color: var(--muted);
      }
      .refund[data-confirmed='true'] > .icon,
      .refund[data-confirmed='true'] small {
        color: var(--good);
      }
      .refund small {
        display: flex;
        align-items: center;
        gap: 5px;
        margin-top: 4px;
        font-size: 13px;
        color: var(--muted);
      }
      .buttons {
        display: flex;
        flex-direction: column;
        gap: 8px;
        margin-top: 16px;
      }
      button.ending {
        color: var(--bad);
      }
      .mine .ending:hover:not(:disabled) {
        background: color-mix(in srgb, var(--bad) 10%, transparent);
        color: var(--bad);
      }
      .refusal,
      .waits,
      .without {
        margin-top: 16px;
      }
      .waits,
      .without {
        color: var(--warn);
      }
      .without {
        display: flex;
        gap: 8px;
      }
      .without .icon {
        flex: none;
        margin-top: 2px;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-actions': Actions;
  }
}
