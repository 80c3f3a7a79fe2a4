/** Around calls: the time agreed on, asking to be called, and times proposed by either. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { Proposal, Situation } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { waiting } from '../call-agreements.js';
import { dayAndTime, textsOf, type Language } from '../texts/index.js';
import './propose-talk.js';
import { Footing } from './footing.js';
import { Sending } from './sending.js';
import './voice-note.js';

@customElement('order-room-talks')
export class Talks extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) situation!: Situation;
  @property() language: Language = 'fr';
  @property({ attribute: false }) clock: () => number = Date.now;

  @state() private requested = false;
  /** At the request to be called, or at a proposal. */
  private readonly sending = new Sending<number | 'request'>(this);

  constructor() {
    super();
    new Footing(this, () => this.renderRoot.querySelector('h2'), () => this.sending.busy);
  }

  override render(): TemplateResult | typeof nothing {
    const t = textsOf(this.language).talk;
    const { situation: s } = this;
    const { talks } = waiting(s);
    const may = s.may_propose?.includes('talk') ?? false;
    if (!may && !s.talk_at && !s.may_ask_for_call && talks.length === 0) return nothing;
    const other = this.room.other?.name ?? '';
    return html`<section class="card" data-test="talks">
      <h2 class="heading">${t.heading}</h2>
      ${s.talk_at
        ? html`<p class="agreed" data-test="talk-at" data-at=${s.talk_at}>
            ${icon('phone', 20)}
            <span><strong>${t.agreed(dayAndTime(this.language, s.talk_at))}</strong><small>${t.agreedHint}</small></span>
          </p>`
        : nothing}
      ${talks.map((proposal) => this.open(proposal))}
      <div class="offers">
        ${s.may_ask_for_call
          ? html`<button class="quiet" data-test="call-request" title=${t.requestHint(other)} ?disabled=${this.sending.busy || this.requested} @click=${this.request}>
                ${icon('phone', 18)}${t.request}
              </button>
              <p class="hint" role="status">${this.requested ? t.requested : t.requestHint(other)}</p>
              ${this.sending.refused('request')}`
          : nothing}
        ${may
          ? html`<order-room-propose-talk .room=${this.room} .language=${this.language} .clock=${this.clock}></order-room-propose-talk>`
          : nothing}
        ${s.chat.open ? html`<order-room-voice-note .room=${this.room} .language=${this.language}></order-room-voice-note>` : nothing}
      </div>
    </section>`;
  }

  private open(proposal: Proposal): TemplateResult {
    const t = textsOf(this.language).talk;
    const mine = proposal.by === this.room.me?.person;
    const now = this.clock();
    const answers = this.situation.role !== 'mediator';
    return html`<div class="open" data-test="talk" data-seq=${proposal.seq} data-mine=${mine}>
      <p>${mine ? t.mine(this.room.other?.name ?? '') : t.theirs(this.room.name(proposal.by) ?? '')}</p>
      ${proposal.note ? html`<blockquote>${proposal.note}</blockquote>` : nothing}
      <div class="times">
        ${proposal.times?.map((at) => {
          const when = dayAndTime(this.language, at);
          return mine || !answers
            ? html`<span class="time">${when}</span>`
            : html`<button data-test="talk-pick" data-at=${at} ?disabled=${this.sending.busy || Date.parse(at) <= now}
                @click=${() => this.sending.send(proposal.seq, () => this.room.process.answer('accept', proposal.seq, at))}>${when}</button>`;
        })}
      </div>
      ${answers
        ? html`<button class="link" data-test=${mine ? 'talk-withdraw' : 'talk-decline'} ?disabled=${this.sending.busy}
            @click=${() => this.sending.send(proposal.seq, () => this.room.process.answer(mine ? 'withdraw' : 'decline', proposal.seq))}>
            ${mine ? t.withdraw : t.noneSuits}
          </button>`
        : nothing}
      ${this.sending.refused(proposal.seq)}
    </div>`;
  }

  private readonly request = async (): Promise<void> => {
    this.requested = await this.sending.send('request', () => this.room.process.requestCall(''));
  };

  static override readonly styles = [
    base,
    css`
      .agreed {
        display: flex;
        gap: 12px;
        margin-top: 10px;
        padding: 12px 14px;
        border-radius: 11px;
        background: var(--accent-soft);
        line-height: 1.4;
      }
      .agreed .icon {
        margin-top: 1px;
        color: var(--accent);
      }
      .agreed strong {
        font-weight: 600;
      }
      small,
      .hint {
        display: block;
        font-size: 13.5px;
        line-height: 1.35;
        color: var(--muted);
      }
      .hint {
        padding: 0 12px 6px 38px;
      }
      .offers {
        display: grid;
        justify-items: start;
        margin: 6px 0 -8px -12px;
      }
      .offers button {
        padding: 0 12px;
        color: var(--ink);
        text-align: start;
      }
      .offers .icon {
        color: var(--accent);
      }
      .open {
        display: grid;
        justify-items: start;
        gap: 12px;
        margin-top: 10px;
        padding: 14px;
        border-radius: 11px;
        background: var(--accent-soft);
        line-height: 1.45;
      }
      .times {
        display: grid;
        gap: 8px;
        width: 100%;
      }
      .times button {
        justify-content: start;
        text-align: start;
      }
      .time {
        font-weight: 600;
      }
      blockquote {
        margin: 0;
        padding-left: 10px;
        border-left: 2px solid var(--accent);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-talks': Talks;
  }
}
