/** The minutes of the last call: either notes a point, the other confirms it, the brief keeps it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { Proposal, Situation } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { answered, confirmed, lastTalk, POINT_MAX, waiting } from '../call-agreements.js';
import { textsOf, type Language } from '../texts/index.js';
import { Footing } from './footing.js';
import { Sending } from './sending.js';

@customElement('order-room-minutes')
export class Minutes extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) situation!: Situation;
  @property() language: Language = 'fr';
  /** Changes whenever the room may have. */
  @property({ type: Number }) revision = 0;

  @query('input') private input!: HTMLInputElement | null;
  /** At a point, or where a new one is noted. */
  private readonly sending = new Sending<number | null>(this);

  constructor() {
    super();
    new Footing(this, () => this.renderRoot.querySelector('h2'), () => this.sending.busy);
  }

  /** Let the person write a point. */
  begin(): void {
    this.input?.scrollIntoView({ block: 'center' });
    this.input?.focus();
  }

  override render(): TemplateResult | typeof nothing {
    const t = textsOf(this.language).talk;
    const { situation: s, room } = this;
    const over = answered(room.timeline.entries);
    const points = waiting(s).points.filter((point) => !over.has(point.seq));
    const call = lastTalk(room.timeline.entries);
    const may = call !== null && (s.may_propose?.includes('point') ?? false);
    if (!may && points.length === 0) return nothing;
    const done = call === null ? [] : confirmed(room.timeline.entries, call);
    return html`<section class="card" data-test="minutes">
      <h2 class="heading">${t.minutes}</h2>
      <p class="hint">${t.minutesHint}</p>
      <ul>
        ${done.map(
          (point) => html`<li class="done" data-test="minutes-point" data-state="confirmed">
            ${icon('checks', 18)}<span>${point}<small>${t.confirmed}</small></span>
          </li>`,
        )}
        ${points.map((point) => this.waiting(point))}
      </ul>
      ${may && call !== null
        ? html`<form @submit=${(event: SubmitEvent) => this.note(event, call)}>
            <input name="text" aria-label=${t.point} placeholder=${t.pointPlaceholder} maxlength=${POINT_MAX} required
              autocomplete="off" data-test="minutes-text" />
            <button data-test="minutes-add" ?disabled=${this.sending.busy}>${t.add}</button>
          </form>`
        : nothing}
      ${this.sending.refused(null)}
    </section>`;
  }

  private waiting(point: Proposal): TemplateResult {
    const t = textsOf(this.language).talk;
    const mine = point.by === this.room.me?.person;
    const answers = this.situation.role !== 'mediator';
    const reply = (how: 'accept' | 'decline' | 'withdraw', look: string, words: string): TemplateResult =>
      html`<button class=${look} data-test="minutes-${how}" ?disabled=${this.sending.busy}
        @click=${() => this.sending.send(point.seq, () => this.room.process.answer(how, point.seq))}>${words}</button>`;
    return html`<li data-test="minutes-point" data-state="open" data-seq=${point.seq} data-mine=${mine}>
      ${icon('brief', 18)}
      <div>
        <span>${point.note}</span>
        ${mine ? html`<small>${t.pointMine(this.room.other?.name ?? '')}</small>` : nothing}
        ${answers
          ? html`<div class="choice">
              ${mine ? reply('withdraw', 'link', t.withdraw) : html`${reply('accept', 'primary', t.confirm)}${reply('decline', 'quiet', t.drop)}`}
            </div>`
          : nothing}
        ${this.sending.refused(point.seq)}
      </div>
    </li>`;
  }

  private async note(event: SubmitEvent, call: string): Promise<void> {
    event.preventDefault();
    const { input } = this;
    const text = input?.value.trim() ?? '';
    if (!input || text === '' || this.sending.busy) return;
    if (await this.sending.send(null, () => this.room.process.notePoint(call, text))) {
      input.value = '';
      input.focus();
    }
  }

  static override readonly styles = [
    base,
    css`
      .hint,
      small {
        display: block;
        font-size: 13.5px;
        line-height: 1.35;
        color: var(--muted);
      }
      ul {
        margin-top: 8px;
      }
      li {
        display: flex;
        gap: 10px;
        padding: 9px 0;
        line-height: 1.4;
        overflow-wrap: anywhere;
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      li .icon {
        margin-top: 2px;
        color: var(--muted);
      }
      li.done .icon {
        color: var(--accent);
      }
      li > * {
        min-width: 0;
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 8px;
      }
      .choice .quiet {
        padding-inline: 10px;
      }
      form {
        display: flex;
        gap: 8px;
        margin-top: 10px;
      }
      input {
        flex: 1;
        min-width: 0;
        min-height: 44px;
        padding: 0 12px;
        border: 1px solid var(--line);
        border-radius: 11px;
        background: var(--paper);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-minutes': Minutes;
  }
}
