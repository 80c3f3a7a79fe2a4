/** The readiness list: what the seller needs to begin, and what is there of it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import { ENDED } from '../inbox.js';
import type { Brief, BriefItem, ItemMove } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import type { Shared } from '../files.js';
import { textsOf, type Language } from '../texts/index.js';
import type { Transfers } from '../transfers.js';
import './attach.js';
import './files.js';
import { Footing } from './footing.js';
import { Sending } from './sending.js';

/** Moves that come with words: what is given, or why it is asked for again. */
const SAID: ReadonlySet<ItemMove> = new Set(['give', 'reopen']);
const ADDING = '+';

@customElement('order-room-brief')
export class BriefList extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) brief!: Brief;
  @property() language: Language = 'fr';

  /** Which item a person is writing about, and to do what. */
  @state() private writing: { item: string; move: ItemMove | 'add' } | null = null;
  /** Files that go with what is being written. */
  @state() private attached: readonly Shared[] = [];
  /** Files that are still on their way to it. */
  private transfers: Transfers | null = null;
  /** At an item, or where one is added. */
  private readonly sending = new Sending<string>(this);
  /** The item that was pressed last. */
  private at = '';

  constructor() {
    super();
    new Footing(this, () => this.placeOf(this.at), () => this.sending.busy);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.done();
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).brief;
    const { items, ready, wanted } = this.brief;
    return html`<section class="card" data-test="brief" data-ready=${ready} data-wanted=${wanted}>
      <div class="head">
        <h2 class="heading">${t.heading}</h2>
        ${items.length === 0 ? nothing : html`<span class="count">${t.progress(ready, wanted)}</span>`}
      </div>
      ${items.length === 0 ? nothing : html`<div class="bar" role="progressbar" aria-label=${t.heading} aria-valuemin="0" aria-valuemax=${wanted} aria-valuenow=${ready}>
        <span class="fill" style="width: ${wanted > 0 ? (ready / wanted) * 100 : 0}%"></span>
      </div>`}
      <ul>
        ${items.map((item) => this.item(item))}
      </ul>
      ${this.brief.may_add ? this.adding() : nothing}
    </section>`;
  }

  private item(item: BriefItem): TemplateResult {
    const t = textsOf(this.language).brief;
    const writing = this.writing?.item === item.item ? this.writing.move : null;
    return html`<li data-test="brief-item" data-item=${item.item} data-state=${item.state}>
      <details name="brief" aria-label=${item.label || item.item}>
        <summary>
          <span class="sign ${item.state}">${SIGNS.has(item.state) ? icon(item.state === 'not_needed' ? 'cross' : 'check', 13) : nothing}</span>
          <span class="label">${item.label || item.item}<small>${item.state === 'open' && this.over ? t.never : t.state[item.state]}</small></span>
          ${icon('chevron', 18)}
        </summary>
        <div class="more">
          ${item.hint ? html`<p class="hint">${item.hint}</p>` : nothing}
          ${writing === 'give' && item.item.includes('access') ? html`<p class="hint safe">${icon('shield', 16)}<span>${textsOf(this.language).warn.access}</span></p>` : nothing}
          ${item.note ? html`<blockquote>${item.note}</blockquote>` : nothing}
          ${item.files?.map((file) => html`<order-room-file small .room=${this.room} .shared=${file} .language=${this.language}></order-room-file>`) ?? nothing}
          ${writing ? this.form(item.item, writing) : this.moves(item)} ${this.sending.refused(item.item)}
        </div>
      </details>
    </li>`;
  }

  /** Whether nothing is waited for any more. */
  private get over(): boolean {
    const state = this.room.situation?.state;
    return state !== undefined && ENDED.has(state);
  }

  /** Where an item is opened, or another one asked for. */
  private placeOf(item: string): HTMLElement | null {
    const opens = item === ADDING ? '[data-test="brief-add"]' : `[data-item="${CSS.escape(item)}"] summary`;
    return this.renderRoot.querySelector<HTMLElement>(opens) ?? this.renderRoot.querySelector('h2');
  }

  private moves(item: BriefItem): TemplateResult | typeof nothing {
    const t = textsOf(this.language).brief;
    const moves = ORDER.filter((move) => item.moves?.includes(move));
    if (moves.length === 0) return nothing;
    return html`<div class="choice">
      ${moves.map(
        (move) => html`<button
          class=${move === 'accept' || (move === 'give' && item.state === 'open') ? 'primary' : move === 'drop' ? 'quiet' : ''}
          data-test="brief-${move}"
          ?disabled=${this.sending.busy}
          @click=${() => (SAID.has(move) ? this.write(item.item, move) : this.move(item.item, move, ''))}
        >
          ${move === 'give' && item.state !== 'open' ? t.giveMore : t.move[move]}
        </button>`,
      )}
    </div>`;
  }

  private form(item: string, move: ItemMove | 'add'): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.brief;
    const uploading = this.transfers?.unfinished ?? 0;
    return html`<form
      @submit=${(event: SubmitEvent) => {
        event.preventDefault();
        const text = String(new FormData(event.target as HTMLFormElement).get('text') ?? '').trim();
        const files = move === 'give' ? this.attached.map(({ file }) => file) : [];
        if (uploading === 0 && (text !== '' || files.length > 0)) void this.move(item, move, text, files);
      }}
    >
      <textarea name="text" rows="3" ?required=${this.attached.length === 0} data-test="brief-text" aria-label=${t.ask[move]} placeholder=${t.ask[move]}
        @input=${() => this.sending.reworded()}
        maxlength=${move === 'add' ? 120 : (this.room.room?.note_max ?? 1000)}></textarea>
      ${move === 'give'
        ? html`${this.attached.map((file) => html`<order-room-file small .room=${this.room} .shared=${file} .language=${this.language}></order-room-file>`)}
            <order-room-attach .room=${this.room} .language=${this.language}
              .transfers=${this.transfers} .list=${this.transfers?.list ?? []}></order-room-attach>`
        : nothing}
      <div class="choice">
        <button type="button" @click=${() => this.done()}>${texts.cancelDialog}</button>
        <button class="primary" type="submit" data-test="brief-confirm" ?disabled=${this.sending.busy || uploading > 0}>
          ${this.sending.busy ? texts.sending : uploading > 0 ? texts.upload.underWay(uploading) : this.sending.understood.length > 0 ? texts.warn.anyway : t.send}
        </button>
      </div>
    </form>`;
  }

  private adding(): TemplateResult {
    const t = textsOf(this.language).brief;
    return this.writing?.move === 'add'
      ? html`<div class="more">${this.form(ADDING, 'add')} ${this.sending.refused(ADDING)}</div>`
      : html`<button class="quiet add" data-test="brief-add" @click=${() => this.write(ADDING, 'add')}>${t.add}</button>`;
  }

  private async write(item: string, move: ItemMove | 'add'): Promise<void> {
    this.done();
    this.at = item;
    this.sending.begin();
    this.writing = { item, move };
    this.attached = [];
    this.transfers = this.room.sendFiles(null, {
      changed: () => this.requestUpdate(),
      shared: (file) => (this.attached = [...this.attached, file]),
    });
    await this.updateComplete;
    this.renderRoot.querySelector('textarea')?.focus();
  }

  private async move(item: string, move: ItemMove | 'add', text: string, files: readonly string[] = []): Promise<void> {
    this.at = item;
    const knowing = this.sending.understood;
    const done = await this.sending.send(item, () =>
      move === 'add' ? this.room.process.addItem(text, knowing) : this.room.process.moveItem(move, item, text, files, knowing),
    );
    if (done) this.done();
  }

  private done(): void {
    this.writing = null;
    this.transfers?.close();
    this.transfers = null;
  }

  static override readonly styles = [
    base,
    css`
      .safe {
        display: flex;
        gap: 6px;
        color: var(--warn);
      }
      .head {
        display: flex;
        justify-content: space-between;
        gap: 12px;
      }
      .count {
        font-size: 13px;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .bar {
        height: 6px;
        margin: 10px 0 6px;
        border-radius: 3px;
        background: var(--line);
        overflow: hidden;
      }
      .bar span {
        display: block;
        height: 100%;
        border-radius: 3px;
        background: var(--accent);
        transition: width 300ms;
      }
      li + li {
        border-top: 1px solid var(--line);
      }
      summary {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 50px;
        padding-block: 7px;
        cursor: pointer;
        list-style: none;
      }
      summary::-webkit-details-marker {
        display: none;
      }
      summary > .icon {
        color: var(--muted);
        transition: transform 120ms;
      }
      details[open] summary > .icon {
        transform: rotate(180deg);
      }
      .label {
        flex: 1;
        min-width: 0;
        font-size: 15px;
        line-height: 1.3;
        overflow-wrap: anywhere;
      }
      small {
        display: block;
        font-size: 13px;
        color: var(--muted);
      }
      .sign {
        flex: none;
        display: grid;
        place-items: center;
        width: 22px;
        height: 22px;
        border: 2px solid var(--line);
        border-radius: 50%;
      }
      .sign.given {
        border-color: var(--accent);
        color: var(--accent);
      }
      .sign.accepted {
        border-color: var(--accent);
        background: var(--accent);
        color: var(--accent-ink);
      }
      .sign.not_needed {
        color: var(--muted);
      }
      .sign .icon {
        stroke-width: 2.6;
      }
      .more {
        padding: 2px 0 14px;
      }
      .hint {
        font-size: 14px;
        line-height: 1.45;
        color: var(--muted);
      }
      blockquote {
        margin: 8px 0 0;
        padding-left: 10px;
        border-left: 2px solid var(--accent);
        font-size: 15px;
        line-height: 1.45;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      order-room-file,
      order-room-attach {
        margin-top: 8px;
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 12px;
      }
      .choice button {
        flex: 1 1 110px;
        padding: 0 12px;
        font-size: 15px;
      }
      textarea {
        width: 100%;
        margin-top: 10px;
        padding: 10px 12px;
        border: 1px solid var(--line);
        border-radius: 11px;
        background: var(--paper);
        line-height: 1.4;
        resize: vertical;
      }
      textarea::placeholder {
        color: var(--muted);
        opacity: 1;
      }
      .refusal {
        margin-top: 12px;
      }
      .add {
        margin: 4px 0 -10px -12px;
        padding: 0 12px;
        color: var(--accent);
        font-weight: 600;
      }
    `,
  ];
}

const SIGNS: ReadonlySet<string> = new Set(['given', 'accepted', 'not_needed']);
/** Buttons in the order of what is usually meant. */
const ORDER: readonly ItemMove[] = ['give', 'accept', 'reopen', 'drop'];

declare global {
  interface HTMLElementTagNameMap {
    'order-room-brief': BriefList;
  }
}
