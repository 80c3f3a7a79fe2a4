/** What the two can agree on: more time, or a part of the money back. One proposes, one answers. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { inWords } from '../countdown.js';
import { icon, type Icon } from '../icons.js';
import type { Bargain, Proposal, ProposalKind, Situation } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { coins, figures, money, textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';
import { Footing } from './footing.js';
import { Sending } from './sending.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
const SIGNS: Record<Bargain, Icon> = { time: 'clock', refund: 'coins', option: 'box' };
/** What is offered, in seconds; the server says which are too long for this order. */
const LENGTHS = [6 * HOUR, 24 * HOUR, 48 * HOUR, 72 * HOUR];

export function isBargain(kind: ProposalKind): kind is Bargain {
  return kind === 'time' || kind === 'refund' || kind === 'option';
}

@customElement('order-room-proposals')
export class Proposals extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) situation!: Situation;
  @property() language: Language = 'fr';

  @state() private kind: Bargain | null = null;
  @query('dialog') private dialog!: HTMLDialogElement;
  /** At a proposal, or in the dialog. */
  private readonly sending = new Sending<number | null>(this);

  constructor() {
    super();
    new Footing(this, () => this.renderRoot.querySelector('h2'), () => this.sending.busy);
  }

  /** Whether a person is about to propose something. */
  get writing(): boolean {
    return this.kind !== null;
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).proposal;
    const { situation: s } = this;
    return html`<section class="card" data-test="proposals">
      <h2 class="heading">${t.heading}</h2>
      ${s.proposals?.filter((proposal) => isBargain(proposal.kind)).map((proposal) => this.open(proposal)) ?? nothing}
      <div class="offers">
        ${s.may_propose?.filter(isBargain).map(
          (kind) => html`<button class="quiet" data-test="propose-${kind}" @click=${() => this.ask(kind)}>
            ${icon(SIGNS[kind], 18)}${kind === 'option' ? t.option[s.role] : t[kind]}
          </button>`,
        ) ?? nothing}
      </div>
      ${this.form()}
    </section>`;
  }

  private open(proposal: Proposal): TemplateResult {
    const t = textsOf(this.language).proposal;
    const mine = proposal.by === this.room.me?.person;
    const answers = this.situation.role !== 'mediator';
    const what = this.what(proposal);
    const agreed = proposal.outcome === 'accepted' || proposal.outcome === 'unpaid';
    const who = this.room.name(proposal.by) ?? textsOf(this.language).someone;
    return html`<div class="open" data-test="proposal" data-seq=${proposal.seq} data-kind=${proposal.kind} data-mine=${mine}
      data-outcome=${proposal.outcome ?? 'open'}>
      <p>${agreed ? (proposal.outcome === 'unpaid' ? t.optionUnpaid(what) : t.optionAccepted(what)) : mine ? t.mine(what, this.room.other?.name ?? '') : t.theirs(who, what)}</p>
      ${proposal.note ? html`<blockquote>${proposal.note}</blockquote>` : nothing}
      ${answers && (!agreed || this.situation.role === 'buyer')
        ? html`<div class="choice">
            ${mine || agreed
              ? this.reply('withdraw', proposal, '')
              : html`${this.reply('decline', proposal, '')}${this.reply('accept', proposal, 'primary')}`}
          </div>`
        : nothing}
      ${this.sending.refused(proposal.seq)}
    </div>`;
  }

  private what({ kind, amount, title, seconds }: Proposal): string {
    const t = textsOf(this.language).proposal;
    const price = money(this.language, amount, this.situation.currency);
    if (kind === 'time') return t.whatTime(inWords(amount * 1000, this.language));
    if (kind === 'option') return t.whatOption(title ?? '', price, Math.round((seconds ?? 0) / DAY));
    return t.whatRefund(price);
  }

  private reply(how: 'accept' | 'decline' | 'withdraw', proposal: Proposal, look: string): TemplateResult {
    const t = textsOf(this.language).proposal;
    return html`<button class=${look} data-test="proposal-${how}" ?disabled=${this.sending.busy} @click=${() => this.answer(how, proposal.seq)}>
      ${t[how]}
    </button>`;
  }

  private form(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.proposal;
    const { kind, situation: s } = this;
    const other = this.room.other?.name ?? '';
    const held = money(this.language, s.held_cents, s.currency);
    const coin = figures(1, s.currency);
    return html`<dialog
      data-test="proposal-dialog"
      aria-labelledby="title"
      @close=${() => this.shut()}
      @click=${(e: Event) => e.target === this.dialog && !this.sending.busy && this.shut()}
    >
      ${kind
        ? html`<form method="dialog" @submit=${this.submitted}>
            <h2 id="title">${{ time: t.timeTitle, refund: t.refundTitle, option: t.optionTitle }[kind]}</h2>
            <p>${{ time: t.timeBody(other), refund: t.refundBody(other, held), option: t.optionBody(other) }[kind]}</p>
            ${kind === 'option'
              ? html`<label>
                    <span>${t.optionName}</span>
                    <input name="title" type="text" required maxlength="120" data-test="option-title" />
                  </label>
                  <div class="pair">
                    <label>
                      <span>${t.amount} (${s.currency})</span>
                      <input name="amount" type="number" inputmode="decimal" required min=${coin} step=${coin} data-test="proposal-amount" />
                    </label>
                    <label>
                      <span>${t.optionDays}</span>
                      <input name="days" type="number" inputmode="numeric" min="0" max="60" step="1" value="0" data-test="option-days" />
                    </label>
                  </div>`
              : kind === 'time'
              ? html`<div class="lengths" role="radiogroup" aria-labelledby="title">
                  ${LENGTHS.map(
                    (seconds, i) => html`<label>
                      <input type="radio" name="amount" value=${seconds} ?checked=${i === 1} />
                      <span>${inWords(seconds * 1000, this.language)}</span>
                    </label>`,
                  )}
                </div>`
              : html`<label>
                  <span>${t.amount} (${s.currency})</span>
                  <input name="amount" type="number" required min=${coin} step=${coin} data-test="proposal-amount"
                    max=${figures(s.held_cents - 1, s.currency)} />
                </label>`}
            <label>
              <span>${t.note} <i>${texts.optional}</i></span>
              <textarea name="note" rows="2" data-test="proposal-note" @input=${() => this.sending.reworded()} maxlength=${this.room.room?.note_max ?? 1000}></textarea>
            </label>
            ${this.sending.refused(null)}
            <div class="choice">
              <button type="button" @click=${() => this.shut()}>${texts.cancelDialog}</button>
              <button class="primary" type="submit" data-test="proposal-confirm" ?disabled=${this.sending.busy}>
                ${this.sending.busy ? texts.sending : this.sending.understood.length > 0 ? texts.warn.anyway : t.yes}
              </button>
            </div>
          </form>`
        : nothing}
    </dialog>`;
  }

  private async ask(kind: Bargain): Promise<void> {
    this.kind = kind;
    this.sending.begin();
    await this.updateComplete;
    this.dialog.showModal();
  }

  private shut(): void {
    this.sending.stop();
    this.dialog.close();
    this.kind = null;
  }

  private readonly submitted = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { kind } = this;
    if (!kind || this.sending.busy) return;
    const form = new FormData(event.target as HTMLFormElement);
    const amount = Number(form.get('amount'));
    const note = String(form.get('note') ?? '').trim();
    const cents = coins(amount, this.situation.currency);
    const title = String(form.get('title') ?? '').trim();
    const days = Number(form.get('days') ?? 0);
    const { understood } = this.sending;
    const done = await this.sending.send(null, (signal) =>
      kind === 'option'
        ? this.room.process.proposeOption(title, cents, days, note, signal, understood)
        : this.room.process.propose(kind, kind === 'time' ? amount : cents, note, signal, understood),
    );
    if (done) this.shut();
  };

  private answer(how: 'accept' | 'decline' | 'withdraw', seq: number): void {
    void this.sending.send(seq, () => this.room.process.answer(how, seq));
  }

  static override readonly styles = [
    base,
    dialogLook,
    css`
      .offers {
        display: grid;
        justify-items: start;
        margin: 6px 0 -8px -12px;
      }
      .offers button {
        padding: 0 12px;
        text-align: start;
        color: var(--ink);
      }
      .offers .icon {
        color: var(--accent);
      }
      .open {
        margin-top: 10px;
        padding: 14px;
        border-radius: 11px;
        background: var(--accent-soft);
        line-height: 1.45;
      }
      .open .choice {
        margin-top: 12px;
      }
      .open .choice button {
        flex-basis: 110px;
      }
      blockquote {
        margin: 6px 0 0;
        padding-left: 10px;
        border-left: 2px solid var(--accent);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .pair {
        display: grid;
        grid-template-columns: 1fr 1fr;
        align-items: end;
        gap: 12px;
      }
      .lengths {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(max(128px, 40%), 1fr));
        gap: 8px;
        margin-top: 18px;
      }
      .lengths label {
        display: flex;
        align-items: center;
        gap: 10px;
        min-height: 46px;
        margin: 0;
        padding: 0 14px;
        border: 1px solid var(--line);
        border-radius: 11px;
        cursor: pointer;
      }
      .lengths label:has(:checked) {
        border-color: var(--accent);
        background: var(--accent-soft);
      }
      .lengths span {
        margin: 0;
      }
      .lengths input {
        width: auto;
        accent-color: var(--accent);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-proposals': Proposals;
  }
}
