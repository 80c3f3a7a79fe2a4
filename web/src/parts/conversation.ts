/** The thread: messages, and what happened to the order between them. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { callers, endedCalls, labels, lineOf, type Line } from '../entries.js';
import { icon } from '../icons.js';
import { pieces } from '../links.js';
import type { Brief, Entry, Member } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import type { Shared } from '../files.js';
import { base } from '../styles.js';
import { look } from './conversation.styles.js';
import { dayHeading, midnight, textsOf, time, type Language } from '../texts/index.js';
import './files.js';
import { olderThan, type Pending, type Timeline } from '../timeline.js';

const GROUPED_WITHIN = 5 * 60_000;
const NEAR_END = 60;

interface Told {
  entry: Entry;
  line: Line;
}

type Block =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'unread'; key: string }
  | { kind: 'message'; key: string; entry: Entry; text: string | null; shared: Shared | null; first: boolean }
  | { kind: 'lines'; key: string; lines: Told[] };

@customElement('order-room-conversation')
export class Conversation extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) timeline!: Timeline;
  @property({ attribute: false }) members: readonly Member[] = [];
  @property() me = '';
  @property() language: Language = 'fr';
  /** How far the other has read. */
  @property({ type: Number }) seen = 0;
  @property() typist = '';
  @property() older: 'idle' | 'loading' | 'failed' = 'idle';
  @property({ type: Boolean }) online = true;
  /** Whether to invite to a first message while there is none. */
  @property({ type: Boolean }) inviting = true;
  /** Names the items that entries speak of. */
  @property({ attribute: false }) brief: Brief | null = null;
  @property({ attribute: false }) clock: () => number = Date.now;

  /** Whether the newest is in view. */
  @state() private atEnd = true;
  @state() private missed = 0;
  @query('.scroll') private scroller!: HTMLElement;
  private anchor: { height: number; top: number } | null = null;
  /** The first entry that was not read when the room was opened. */
  private unreadFrom: number | null = null;
  private lastTop = 0;
  private sizes: ResizeObserver | null = null;

  /** Where the person had read to when the room opened; the line "new" stands after it. */
  openedAt(read: number): void {
    if (this.unreadFrom !== null) return;
    const next = this.timeline.entries.find(
      (e) => e.seq > read && e.actor !== this.me && e.event?.kind === 'message_sent',
    );
    this.unreadFrom = next?.seq ?? 0;
  }

  get endInView(): boolean {
    return this.atEnd;
  }

  override firstUpdated(): void {
    this.sizes = new ResizeObserver(() => {
      if (this.atEnd) this.toEnd(false);
    });
    this.sizes.observe(this.scroller);
    this.toEnd(false);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const before = changed.get('timeline');
    if (!before || !this.hasUpdated) return;
    const [was, is] = [before.entries, this.timeline.entries];
    if (was[0] && is[0] && is[0].seq < was[0].seq) {
      this.anchor = { height: this.scroller.scrollHeight, top: this.scroller.scrollTop };
    }
    const last = was.at(-1)?.seq ?? 0;
    const fresh = is.filter((e) => e.seq > last && e.event?.kind === 'message_sent');
    if (this.timeline.pending.length > before.pending.length) this.atEnd = true;
    else if (!this.atEnd) this.missed += fresh.filter((e) => e.actor !== this.me).length;
  }

  override updated(): void {
    if (this.anchor) {
      this.scroller.scrollTop = this.anchor.top + this.scroller.scrollHeight - this.anchor.height;
      this.anchor = null;
    } else if (this.atEnd) {
      this.toEnd(false);
    }
  }

  toEnd(smooth: boolean): void {
    this.missed = 0;
    this.scroller?.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? 'smooth' : 'instant' });
  }

  private readonly scrolled = (): void => {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_END;
    // Only moving up leaves the end: content that grows or a window that shrinks does not.
    const atEnd = near || (this.atEnd && scrollTop >= this.lastTop);
    this.lastTop = scrollTop;
    if (atEnd !== this.atEnd) {
      this.atEnd = atEnd;
      if (atEnd) this.missed = 0;
      this.dispatchEvent(new CustomEvent('end-in-view'));
    }
    if (scrollTop < 120 && this.older === 'idle' && olderThan(this.timeline) !== null) this.askOlder();
  };

  private askOlder(): void {
    this.dispatchEvent(new CustomEvent('older'));
  }

  private blocks(): Block[] {
    const { entries } = this.timeline;
    const surroundings = {
      language: this.language,
      me: this.me,
      members: this.members,
      label: labels(this.brief),
    };
    const [ended, called] = [endedCalls(entries), callers(entries)];
    const blocks: Block[] = [];
    let day = NaN;
    for (const entry of entries) {
      const at = Date.parse(entry.at);
      if (midnight(at) !== day) {
        day = midnight(at);
        blocks.push({ kind: 'day', key: `day ${entry.seq}`, at });
      }
      if (entry.seq === this.unreadFrom) blocks.push({ kind: 'unread', key: 'unread' });
      const last = blocks.at(-1);
      const { event } = entry;
      if (event === null || event.kind === 'message_sent' || event.kind === 'file_shared') {
        const first =
          last?.kind !== 'message' ||
          last.entry.actor !== entry.actor ||
          at - Date.parse(last.entry.at) > GROUPED_WITHIN;
        const text = event?.kind === 'message_sent' ? event.text : null;
        const shared = event?.kind === 'file_shared' ? event : null;
        blocks.push({ kind: 'message', key: `${entry.seq}`, entry, text, shared, first });
        continue;
      }
      const line = lineOf(entry, surroundings, ended, called);
      if (!line) continue;
      if (last?.kind === 'lines') last.lines.push({ entry, line });
      else blocks.push({ kind: 'lines', key: `${entry.seq}`, lines: [{ entry, line }] });
    }
    return blocks;
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const blocks = this.blocks();
    const { pending, entries } = this.timeline;
    const talked = pending.length > 0 || entries.some((e) => e.event?.kind === 'message_sent');
    const other = this.members.find((m) => m.person !== this.me);
    const lastOwn = entries.findLast((e) => e.actor === this.me && e.event?.kind === 'message_sent');
    return html`
      <div class="scroll" role="log" aria-live="off" aria-label=${t.chat.heading} tabindex="0" @scroll=${this.scrolled}>
        <div class="thread">
          ${this.top()}
          ${repeat(blocks, (b) => b.key, (b) => this.block(b, lastOwn?.seq ?? 0))}
          ${talked || !this.inviting
            ? nothing
            : html`<div class="empty" data-test="empty">
                ${icon('chat', 28)}
                <strong>${t.chat.empty}</strong>
                <p>${t.chat.emptyHint(other?.name ?? t.someone)}</p>
              </div>`}
          ${repeat(pending, (p) => p.id, (p) => this.pending(p))}
          ${this.typist
            ? html`<div class="typing" data-test="typing">
                <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${t.chat.typing(this.typist)}
              </div>`
            : nothing}
        </div>
      </div>
      ${this.atEnd
        ? nothing
        : html`<button class="newest ${this.missed ? 'primary' : ''}" data-test="to-newest" @click=${() => this.toEnd(true)}>
            ${icon('down', 18)}${t.chat.fresh(this.missed)}
          </button>`}
    `;
  }

  private top(): TemplateResult | typeof nothing {
    const t = textsOf(this.language).chat;
    if (olderThan(this.timeline) === null) return nothing;
    if (this.older === 'loading') return html`<p class="older">${t.olderLoading}</p>`;
    return html`<p class="older">
      ${this.older === 'failed' ? html`${t.olderFailed} ` : nothing}
      <button class="link" data-test="older" @click=${() => this.askOlder()}>${t.older}</button>
    </p>`;
  }

  private block(block: Block, lastOwn: number): TemplateResult {
    const t = textsOf(this.language);
    switch (block.kind) {
      case 'day':
        return html`<h3 class="day"><span>${dayHeading(this.language, block.at, this.clock())}</span></h3>`;
      case 'unread':
        return html`<div class="unread"><span>${t.chat.unread}</span></div>`;
      case 'lines':
        return this.lines(block.lines);
      case 'message': {
        const { entry, text, shared, first } = block;
        const own = entry.actor === this.me;
        const seen = own && entry.seq === lastOwn && entry.seq <= this.seen;
        return html`<article
          class="message ${own ? 'own' : ''} ${first ? 'first' : ''}"
          data-test=${shared ? 'shared' : 'message'}
          data-seq=${entry.seq}
          data-mine=${own}
        >
          ${!own && first && this.members.length > 2 ? this.author(entry.actor) : nothing}
          ${shared
            ? html`<span class="sr">${own ? t.you : this.name(entry.actor)}: </span>
                <order-room-file .room=${this.room} .shared=${shared} .language=${this.language} @grown=${() => this.atEnd && this.toEnd(false)}></order-room-file>`
            : html`<div class="bubble ${text === null ? 'gone' : ''}">
            <span class="sr">${own ? t.you : this.name(entry.actor)}: </span>
            ${text === null ? html`<em>${t.chat.redacted}</em>` : html`<p class="text">${words(text)}</p>`}
          </div>`}
          <div class="meta">
            <time datetime=${entry.at}>${time(this.language, entry.at)}</time>
            ${own
              ? entry.seq <= this.seen
                ? html`<span class="seen" data-test="seen" title=${t.chat.seen}>${icon('checks', 16)}${seen ? t.chat.seen : html`<span class="sr">${t.chat.seen}</span>`}</span>`
                : html`<span title=${t.chat.sent}>${icon('check', 16)}<span class="sr">${t.chat.sent}</span></span>`
              : nothing}
          </div>
        </article>`;
      }
    }
  }

  /** Several e-mails in a row are one fact to a reader; which ones is there to be unfolded. */
  private lines(lines: readonly Told[]): TemplateResult {
    const t = textsOf(this.language).entry;
    const mails = lines.filter(({ entry }) => entry.event?.kind === 'notice_sent');
    const folded = mails.length > 1;
    return html`<ul class="lines">
      ${lines
        .filter((told) => !folded || !mails.includes(told))
        .map(({ entry, line }) => this.line(entry, line))}
      ${folded
        ? html`<li>
            <details data-test="notices" aria-label=${t.notices_sent(mails.length)}>
              <summary class="line">${icon('mail', 18)}<p>${t.notices_sent(mails.length)}</p>${icon('chevron', 16)}</summary>
              <ul>
                ${mails.map(({ entry, line }) => this.line(entry, line))}
              </ul>
            </details>
          </li>`
        : nothing}
    </ul>`;
  }

  private line(entry: Entry, line: Line): TemplateResult {
    return html`<li class="line ${line.tone}" data-test="entry" data-kind=${entry.event?.kind ?? ''} data-seq=${entry.seq}>
      ${icon(line.icon, 18)}
      <div>
        <p>${line.text}</p>
        ${line.note ? html`<blockquote>${words(line.note)}</blockquote>` : nothing}
      </div>
      <time datetime=${entry.at}>${time(this.language, entry.at)}</time>
    </li>`;
  }

  private pending(own: Pending): TemplateResult {
    const t = textsOf(this.language);
    const failed = own.delivery === 'failed';
    return html`<article class="message own first ${own.delivery}" data-test="message" data-pending=${own.delivery} data-mine="true">
      <div class="bubble"><span class="sr">${t.you}: </span><p class="text">${words(own.text)}</p></div>
      ${failed
        ? html`<div class="refusal" role="alert">
            ${icon('alert', 18)}
            <div>
              <strong>${t.chat.failed}.</strong> ${own.why}
              <div class="again">
                <button class="link" data-test="message-retry" @click=${() => this.tell('again', own.id)}>${t.retry}</button>
                <button class="link" data-test="message-discard" @click=${() => this.tell('discard', own.id)}>${t.chat.discard}</button>
              </div>
            </div>
          </div>`
        : html`<div class="meta">${icon('clock', 15)}${this.online ? t.chat.waiting : t.chat.waitingOffline}</div>`}
    </article>`;
  }

  /** Where three talk, a face on one side is not enough to know who speaks. */
  private author(person: string): TemplateResult {
    const role = this.members.find((m) => m.person === person)?.role;
    return html`<p class="author ${role ?? ''}" data-test="author" aria-hidden="true">
      <strong>${this.name(person)}</strong>${role ? html`<span>${textsOf(this.language).role[role]}</span>` : nothing}
    </p>`;
  }

  private name(person: string): string {
    return this.members.find((m) => m.person === person)?.name ?? textsOf(this.language).someone;
  }

  private tell(what: 'again' | 'discard', id: string): void {
    this.dispatchEvent(new CustomEvent(what, { detail: id }));
  }

  static override readonly styles = [base, look];
}

/** Text with its addresses as links. Lit escapes the rest. */
function words(text: string): (string | TemplateResult)[] {
  return pieces(text).map((piece) =>
    'href' in piece
      ? html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>`
      : piece.text,
  );
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-conversation': Conversation;
  }
}
