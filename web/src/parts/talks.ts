/** Around calls: the time agreed on, asking to be called, and times proposed by either. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import { RefusedError, TooLateError } from '../outbox.js';
import type { Proposal, Situation } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { localValue, suggested, TIMES, waiting } from '../call-agreements.js';
import { dayAndTime, textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';
import './voice-note.js';

const STEP = 5 * 60_000;
const LEAST_AHEAD = 10 * 60_000;

@customElement('order-room-talks')
export class Talks extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) situation!: Situation;
  @property() language: Language = 'fr';
  @property({ attribute: false }) clock: () => number = Date.now;

  @state() private busy = false;
  @state() private requested = false;
  @state() private asking = false;
  /** A refusal, and what it answers: the dialog, the request, or a proposal's seq. */
  @state() private refusal: { of: number | 'dialog' | 'request'; text: string } | null = null;
  @query('dialog') private dialog!: HTMLDialogElement;

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
          ? html`<button class="quiet" data-test="call-request" title=${t.requestHint(other)} ?disabled=${this.busy || this.requested} @click=${this.request}>
                ${icon('phone', 18)}${t.request}
              </button>
              <p class="hint" role="status">${this.requested ? t.requested : t.requestHint(other)}</p>
              ${this.refused('request')}`
          : nothing}
        ${may
          ? html`<button class="quiet" data-test="talk-propose" @click=${this.ask}>${icon('clock', 18)}${t.propose}</button>`
          : nothing}
        ${s.chat.open ? html`<order-room-voice-note .room=${this.room} .language=${this.language}></order-room-voice-note>` : nothing}
      </div>
      ${this.form(other)}
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
            : html`<button data-test="talk-pick" data-at=${at} ?disabled=${this.busy || Date.parse(at) <= now}
                @click=${() => this.send(proposal.seq, () => this.room.process.answer('accept', proposal.seq, at))}>${when}</button>`;
        })}
      </div>
      ${answers
        ? html`<button class="link" data-test=${mine ? 'talk-withdraw' : 'talk-decline'} ?disabled=${this.busy}
            @click=${() => this.send(proposal.seq, () => this.room.process.answer(mine ? 'withdraw' : 'decline', proposal.seq))}>
            ${mine ? t.withdraw : t.noneSuits}
          </button>`
        : nothing}
      ${this.refused(proposal.seq)}
    </div>`;
  }

  private form(other: string): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.talk;
    const times = this.asking ? suggested(this.clock()) : [];
    // steps count from the least: it lies on one
    const least = localValue(Math.ceil((this.clock() + LEAST_AHEAD) / STEP) * STEP);
    return html`<dialog data-test="talk-dialog" aria-labelledby="title" @close=${() => (this.asking = false)}
      @click=${(e: Event) => e.target === this.dialog && !this.busy && this.dialog.close()}>
      ${this.asking
        ? html`<form method="dialog" @submit=${this.submitted}>
            <h2 id="title">${t.proposeTitle}</h2>
            <p>${t.proposeBody(other)}</p>
            ${Array.from(
              { length: TIMES },
              (_, n) => html`<label>
                <span>${t.time(n + 1)}</span>
                <input type="datetime-local" name="time" data-test="talk-time" min=${least} step=${STEP / 1000}
                  .value=${times[n] === undefined ? '' : localValue(times[n])} />
              </label>`,
            )}
            <label>
              <span>${texts.proposal.note} <i>${texts.optional}</i></span>
              <textarea name="note" rows="2" data-test="talk-note" maxlength=${this.room.room?.note_max ?? 1000}></textarea>
            </label>
            ${this.refused('dialog')}
            <div class="choice">
              <button type="button" @click=${() => this.dialog.close()}>${texts.cancelDialog}</button>
              <button class="primary" type="submit" data-test="talk-confirm" ?disabled=${this.busy}>
                ${this.busy ? texts.sending : t.yes}
              </button>
            </div>
          </form>`
        : nothing}
    </dialog>`;
  }

  private refused(of: number | 'dialog' | 'request'): TemplateResult | typeof nothing {
    if (this.refusal?.of !== of) return nothing;
    return html`<p class="refusal" role="alert">${icon('alert', 18)}<span>${this.refusal.text}</span></p>`;
  }

  private readonly ask = async (): Promise<void> => {
    this.refusal = null;
    this.asking = true;
    await this.updateComplete;
    this.dialog.showModal();
  };

  private readonly request = async (): Promise<void> => {
    this.requested = await this.send('request', () => this.room.process.requestCall(''));
  };

  private readonly submitted = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const times = [...new Set(form.getAll('time').map(String))].filter((value) => value !== '');
    if (times.length === 0) {
      this.refusal = { of: 'dialog', text: textsOf(this.language).talk.none };
      return;
    }
    const note = String(form.get('note') ?? '').trim();
    const instants = times.map((value) => new Date(value).toISOString());
    if (await this.send('dialog', () => this.room.process.proposeTalk(instants, note))) this.dialog.close();
  };

  private async send(of: number | 'dialog' | 'request', command: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.refusal = null;
    try {
      await command();
      return true;
    } catch (error) {
      if (error instanceof RefusedError) this.refusal = { of, text: error.message };
      else if (error instanceof TooLateError) this.refusal = { of, text: textsOf(this.language).tooLate };
      return false;
    } finally {
      this.busy = false;
    }
  }

  static override readonly styles = [
    base,
    dialogLook,
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
