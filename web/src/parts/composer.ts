/** Where a message is written. Never sends an empty or an over-long one. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import { seenSecrets } from '../outbox.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { wordsOf } from '../aftermath.js';
import type { Entry, SecretKind } from '../protocol.js';
import { look } from './composer.styles.js';
import { Footing } from './footing.js';
import type { Attach } from './attach.js';
import './attach.js';
import { sharedOf } from './message.js';
import { snippet } from '../excerpts.js';
import { titleOf } from '../files.js';
import type { Transfer } from '../transfers.js';
import type { Warnings } from './warnings.js';
import './warnings.js';
import { whyNot } from './refusal.js';

/** The count appears when this part of the limit is left. */
const NEAR_LIMIT = 0.1;
/** So much left is said to a screen reader; not at every key. */
const MARKS: readonly number[] = [100, 20, 5];
const ADVICE_READ = 'order-room:advice-read';
const DRAFT = 'order-room:draft:';

/** What is written; `understood` is what the writer was told of and sends anyway. */
export interface Written {
  text: string;
  replyTo?: number;
  understood: readonly SecretKind[];
}

@customElement('order-room-composer')
export class Composer extends LitElement {
  @property() language: Language = 'fr';
  /** Where files go. */
  @property({ attribute: false }) room!: OrderRoom;
  @property() other = '';
  @property() order = '';
  /** Who writes. */
  @property() me = '';
  @property({ type: Number }) max = 5000;
  /** Files on their way. */
  @property({ attribute: false }) transfers: readonly Transfer[] = [];
  /** Why nothing can be written; empty while the conversation is open. */
  @property() closed = '';
  /** Until when it is open, if it ends. */
  @property() hint = '';

  @state() private text = '';
  @state() private advice = !read(ADVICE_READ, 'localStorage');
  @state() private over = false;
  /** The message that is answered, or one's own that is being changed. */
  @state() private mode: { kind: 'reply' | 'edit'; entry: Entry } | null = null;
  /** Between which marks the length is, and what was said of it when it came there. */
  private band: number | null = null;
  private told = '';
  @state() private saving = false;
  @state() private refusal = '';
  @query('order-room-attach') private attach!: Attach | null;
  @query('order-room-warnings') private warnings!: Warnings | null;
  /** What was being written before an own message was taken up for changing. */
  private put = '';
  @query('textarea') private area!: HTMLTextAreaElement | null;

  constructor() {
    super();
    // the advice and the way back to it follow each other; at last there is why nothing is written
    new Footing(this, () => this.renderRoot.querySelector<HTMLElement>('.again, .advice button, .closed'));
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const { left } = this;
    const band = !this.near ? null : left < 0 ? -1 : MARKS.filter((mark) => left <= mark).length;
    if (band !== this.band) this.told = band === null ? '' : this.count();
    this.band = band;
    if ((changed.has('order') || changed.has('me')) && this.order) {
      this.mode = null;
      this.text = read(this.draft, 'sessionStorage') ?? '';
    }
  }

  override updated(): void {
    const { area } = this;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(area.scrollHeight + 2, 180)}px`;
  }

  override focus(): void {
    this.area?.focus();
  }

  /** Answer a message. */
  reply(entry: Entry): void {
    if (this.mode?.kind === 'edit') this.text = this.put;
    this.mode = { kind: 'reply', entry };
    this.refusal = '';
    void this.updateComplete.then(() => this.area?.focus());
  }

  /** Take up an own message to change it. */
  edit(entry: Entry): void {
    if (this.mode?.kind !== 'edit') this.put = this.text;
    this.mode = { kind: 'edit', entry };
    this.text = wordsOf(entry, this.room.aftermath.of.get(entry.seq)) ?? '';
    this.refusal = '';
    void this.updateComplete.then(() => {
      this.area?.focus();
      this.area?.setSelectionRange(this.text.length, this.text.length);
    });
  }

  /** Put words that were not sent back, before what is being written, and what they answered. */
  rewrite(text: string, answered?: Entry): void {
    if (this.mode?.kind === 'edit') {
      this.text = this.put;
      this.mode = null;
    }
    if (answered) this.mode = { kind: 'reply', entry: answered };
    this.text = this.text.trim() === '' ? text : `${text}\n${this.text}`;
    this.keep();
    void this.updateComplete.then(() => this.area?.focus());
  }

  private stop(): void {
    if (this.mode?.kind === 'edit') this.text = this.put;
    this.mode = null;
    this.refusal = '';
    this.area?.focus();
  }

  /** Where it is kept: whoever signs in next in this tab does not find the words of another. */
  private get draft(): string {
    return `${DRAFT}${this.me}:${this.order}`;
  }

  private keep(): void {
    if (this.mode?.kind !== 'edit') write(this.draft, this.text, 'sessionStorage');
  }

  private get left(): number {
    return this.max - [...this.text.trim()].length;
  }

  private get near(): boolean {
    return this.left < this.max * NEAR_LIMIT;
  }

  private get sendable(): boolean {
    return this.text.trim() !== '' && this.left >= 0;
  }

  private readonly typed = (event: InputEvent): void => {
    this.text = (event.target as HTMLTextAreaElement).value;
    this.keep();
    this.dispatchEvent(new CustomEvent(this.text.trim() === '' ? 'quiet' : 'writes'));
  };

  private readonly pressed = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    if (event.key === 'Escape' && this.mode) {
      event.preventDefault();
      this.stop();
    } else if (event.key === 'ArrowUp' && this.text === '' && !this.mode) {
      // as elsewhere: the last own message, while it may be changed
      const last = this.lastOwn();
      if (!last) return;
      event.preventDefault();
      this.edit(last);
    } else if (event.key === 'Enter' && !event.shiftKey && !this.thumbs) {
      event.preventDefault();
      void this.submit();
    }
  };

  /** Keys on glass have no Shift + Enter: there the button sends, and Enter begins a line. */
  private readonly thumbs = matchMedia('(hover: none) and (pointer: coarse)').matches;

  private lastOwn(): Entry | undefined {
    const { timeline, me, aftermath, connection } = this.room;
    const last = timeline.entries.findLast((e) => e.actor === me?.person && wordsOf(e, aftermath.of.get(e.seq)) !== null);
    const age = last ? connection.now() - Date.parse(last.at) : Infinity;
    return age < (this.room.room?.edit_window ?? 0) * 1000 ? last : undefined;
  }

  private readonly dragged = (event: DragEvent): void => {
    if (!event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.over = true;
  };

  private readonly dropped = (event: DragEvent): void => {
    this.over = false;
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.attach?.take(event.dataTransfer.files);
  };

  private readonly pasted = (event: ClipboardEvent): void => {
    if (!event.clipboardData?.files.length) return;
    event.preventDefault();
    this.attach?.take(event.clipboardData.files);
  };

  private async submit(anyway = false): Promise<void> {
    if (!this.sendable || this.saving) return;
    const text = this.text.trim();
    // Said before it goes out; what is not seen here the server sees, and asks the same.
    if (!anyway && this.warnings?.holds(text)) return;
    const understood = anyway ? (this.warnings?.kinds ?? []) : [];
    if (this.mode?.kind === 'edit') return this.save(this.mode.entry, text, understood);
    const detail: Written = { text, understood, ...(this.mode ? { replyTo: this.mode.entry.seq } : {}) };
    this.dispatchEvent(new CustomEvent<Written>('send', { detail }));
    this.mode = null;
    this.refusal = '';
    this.text = '';
    this.keep();
    this.area?.focus();
  }

  private async save(entry: Entry, text: string, understood: readonly SecretKind[]): Promise<void> {
    this.saving = true;
    this.refusal = '';
    try {
      const changed = text !== wordsOf(entry, this.room.aftermath.of.get(entry.seq));
      if (changed) await this.room.messages.edit(entry.seq, text, understood);
      this.stop();
    } catch (error) {
      if (seenSecrets(error) && (await this.warnings?.put(text))) return;
      const t = textsOf(this.language);
      this.refusal = whyNot(error, t.tooLate);
    } finally {
      this.saving = false;
    }
  }

  private setAdvice(shown: boolean): void {
    this.advice = shown;
    write(ADVICE_READ, shown ? '' : 'yes', 'localStorage');
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    if (this.closed) {
      // what was on its way may be refused now, and its sender has to know
      return html`<div class="closed" data-test="composer-closed">${icon('lock')}<p>${this.closed}</p></div>
        ${this.transfers.length > 0 ? html`<div class="unsent">${this.files(true)}</div>` : nothing}`;
    }
    return html`
      ${this.advice
        ? html`<aside class="advice" data-test="advice" aria-label=${t.advice.heading}>
            ${icon('shield', 22)}
            <div>
              <strong>${t.advice.heading}</strong>
              <p>${t.advice.body} <span class="tip">${t.advice.tip}</span></p>
            </div>
            <button class="quiet" data-test="advice-dismiss" @click=${() => this.setAdvice(false)}>${t.dismiss}</button>
          </aside>`
        : nothing}
      <order-room-warnings
        id="warnings"
        .room=${this.room}
        .language=${this.language}
        .text=${this.text}
        @edit=${() => this.area?.focus()}
        @anyway=${() => this.submit(true)}
      ></order-room-warnings>
      ${this.mode ? this.bar(this.mode) : nothing}
      ${this.refusal
        ? html`<p class="refusal failed" role="alert" data-test="composer-refusal">${icon('alert', 18)}<span>${t.message.saveFailed}. ${this.refusal}</span></p>`
        : nothing}
      <div
        class="box ${this.left < 0 ? 'over' : ''} ${this.over ? 'drop' : ''}"
        @dragover=${this.dragged}
        @dragleave=${() => (this.over = false)}
        @drop=${this.dropped}
      >
        ${this.files(false)}
        <textarea
          rows="1"
          data-test="composer"
          aria-label=${t.chat.label}
          aria-describedby="mode hint"
          placeholder=${t.chat.placeholder(this.other)}
          dir="auto"
          enterkeyhint=${this.thumbs ? 'enter' : 'send'}
          .value=${this.text}
          @input=${this.typed}
          @keydown=${this.pressed}
          @paste=${this.pasted}
          @blur=${() => this.dispatchEvent(new CustomEvent('quiet'))}
        ></textarea>
        <button
          class="primary round"
          data-test="send"
          aria-label=${this.mode?.kind === 'edit' ? t.message.save : t.chat.send}
          title=${this.mode?.kind === 'edit' ? t.message.save : t.chat.send}
          ?disabled=${!this.sendable || this.saving}
          @click=${() => void this.submit()}
        >
          ${icon(this.mode?.kind === 'edit' ? 'check' : 'send')}
        </button>
      </div>
      <div class="foot">
        <span class="sr" role="status">${this.told}</span>
        ${this.near
          ? html`<span id="hint" class="count ${this.left < 0 ? 'over' : ''}" data-test="text-left">${this.count()}</span>`
          : html`<span id="hint" class="keys">${this.hint || (this.thumbs ? '' : t.chat.keys)}</span>`}
        ${this.advice
          ? nothing
          : html`<button class="quiet again" data-test="advice-show" @click=${() => this.setAdvice(true)}>
              ${icon('shield', 16)}${t.advice.again}
            </button>`}
      </div>
    `;
  }

  private count(): string {
    const { left } = this;
    const t = textsOf(this.language).chat;
    return left < 0 ? t.over(-left) : t.left(left);
  }

  private files(closed: boolean): TemplateResult {
    return html`<order-room-attach
      ?bare=${!closed}
      ?closed=${closed}
      .room=${this.room}
      .transfers=${this.room.transfers}
      .list=${this.transfers}
      .language=${this.language}
    ></order-room-attach>`;
  }

  /** Says what is answered or changed, and the way back. */
  private bar({ kind, entry }: { kind: 'reply' | 'edit'; entry: Entry }): TemplateResult {
    const t = textsOf(this.language);
    const after = this.room.aftermath.of.get(entry.seq);
    const shared = sharedOf(entry, after);
    const said = shared ? titleOf(shared, this.language) : (wordsOf(entry, after) ?? t.message.quoteGone);
    const own = entry.actor === this.room.me?.person;
    const name = this.room.name(entry.actor) ?? t.someone;
    const heading = kind === 'edit' ? t.message.editing : own ? t.message.replyingSelf : t.message.replying(name);
    return html`<div class="mode" id="mode" data-test="composer-mode" data-mode=${kind}>
      ${icon(kind === 'edit' ? 'pen' : 'reply', 18)}
      <div><strong>${heading}</strong><p>${snippet(said)}</p></div>
      <button class="quiet round" data-test="composer-stop" aria-label=${t.message.stop} title=${t.message.stop} @click=${() => this.stop()}>
        ${icon('cross', 18)}
      </button>
    </div>`;
  }

  static override readonly styles = [base, look];
}

function read(key: string, where: 'localStorage' | 'sessionStorage'): string | null {
  try {
    return globalThis[where].getItem(key) || null;
  } catch {
    return null;
  }
}

function write(key: string, value: string, where: 'localStorage' | 'sessionStorage'): void {
  try {
    if (value) globalThis[where].setItem(key, value);
    else globalThis[where].removeItem(key);
  } catch {
    // the draft lives in the page then
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-composer': Composer;
  }
}
