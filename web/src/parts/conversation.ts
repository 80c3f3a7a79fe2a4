/** The thread: messages, and what happened to the order between them. */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { callers, endedCalls, labels, lineOf, type Line } from '../entries.js';
import { icon } from '../icons.js';
import { wordsOf } from '../aftermath.js';
import { RefusedError } from '../outbox.js';
import type { Brief, Entry, Event, Member, Reaction } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { look as threadLook } from './conversation.styles.js';
import { look as linesLook } from './lines.styles.js';
import { look as messageLook } from './message.styles.js';
import { dayHeading, midnight, moment, textsOf, time, type Language } from '../texts/index.js';
import { find, olderThan, type Timeline } from '../timeline.js';
import { divider, speaks } from '../unread.js';
import type { History } from './history.js';
import './history.js';
import './recorded.js';
import { linked, messageOf, pendingOf, sharedOf, type Thread } from './message.js';
import type { MessageAction, MessageMenu } from './message-menu.js';
import './message-menu.js';
import type { Report } from './report.js';
import './report.js';

const GROUPED_WITHIN = 5 * 60_000;
const NEAR_END = 60;
const FOUND_SHOWN = 2_500;
/** Where the work on a delivery begins. */
const BEGINNINGS: ReadonlySet<string> = new Set(['order_started', 'revision_accepted', 'order_delivered', 'dispute_decided']);

type Kept = Extract<Event, { kind: 'recording_kept' }>;

interface Told {
  entry: Entry;
  line: Line;
}

type Block =
  | { kind: 'day'; key: string; at: number }
  | { kind: 'unread'; key: string }
  | { kind: 'message'; key: string; entry: Entry; first: boolean }
  | { kind: 'lines'; key: string; lines: Told[] };

@customElement('order-room-conversation')
export class Conversation extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) timeline!: Timeline;
  @property({ attribute: false }) members: readonly Member[] = [];
  @property() me = '';
  @property() language: Language = 'fr';
  /** How far everybody else has read, and received. */
  @property({ type: Number }) seen = 0;
  @property({ type: Number }) reached = 0;
  /** How far the viewer has read, on whichever screen; whether they look at this one. */
  @property({ type: Number }) read = 0;
  @property({ type: Boolean }) looking = true;
  /** Whether one can answer a message, change one's own, react. */
  @property({ type: Boolean }) answering = false;
  /** Changes whenever the room may have. */
  @property({ type: Number }) revision = 0;
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
  @state() private trouble = '';
  @query('.scroll') private scroller!: HTMLElement;
  @query('.thread') private content!: HTMLElement;
  @query('order-room-message-menu') private menu!: MessageMenu;
  @query('order-room-history') private history!: History;
  @query('order-room-report') private reporting!: Report;
  /** The message whose menu Tab reaches; the newest unless the arrow keys went elsewhere. */
  @state() private stop: number | null = null;
  /** The menu button that had the focus before this drawing. */
  private held: Element | null = null;
  private anchor: { height: number; top: number } | null = null;
  /** Where the line "new" stands; undefined before the room was described. */
  private unreadFrom: number | null | undefined = undefined;
  private lastTop = 0;
  private lastHeight = 0;
  private sizes: ResizeObserver | null = null;
  private ticking: ReturnType<typeof setTimeout> | undefined;

  get endInView(): boolean {
    return this.atEnd;
  }

  override firstUpdated(): void {
    this.sizes = new ResizeObserver(() => {
      if (this.atEnd) this.toEnd();
    });
    this.sizes.observe(this.scroller);
    this.sizes.observe(this.content);
    this.toEnd();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes?.disconnect();
    clearTimeout(this.ticking);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    const active = this.shadowRoot?.activeElement;
    this.held = active?.matches('[data-test="message-menu"]') ? active : null;
    this.unreadFrom = divider(this.unreadFrom, this.looking, this.timeline.entries, this.me, this.read);
    const before = changed.get('timeline');
    if (!before || !this.hasUpdated) return;
    const [was, is] = [before.entries, this.timeline.entries];
    if (was[0] && is[0] && is[0].seq < was[0].seq) {
      this.anchor = { height: this.scroller.scrollHeight, top: this.scroller.scrollTop };
    }
    const last = was.at(-1)?.seq ?? 0;
    const fresh = is.filter((e) => e.seq > last && speaks(e, this.me));
    if (this.timeline.pending.length > before.pending.length) this.atEnd = true;
    else if (!this.atEnd) this.missed += fresh.length;
  }

  override updated(): void {
    clearTimeout(this.ticking);
    if (this.held && !this.held.isConnected) void this.keepPlace();
    if (this.timeline.pending.some((own) => own.held)) this.ticking = setTimeout(() => this.requestUpdate(), 1000);
    if (this.anchor) {
      this.scroller.scrollTop = this.anchor.top + this.scroller.scrollHeight - this.anchor.height;
      this.anchor = null;
    } else if (this.atEnd) {
      this.toEnd();
    }
  }

  /** Go there at once: a way that is animated ends wherever the content moves under it. */
  toEnd(): void {
    this.missed = 0;
    this.scroller?.scrollTo({ top: this.scroller.scrollHeight, behavior: 'instant' });
  }

  private readonly scrolled = (): void => {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    const near = scrollHeight - scrollTop - clientHeight < NEAR_END;
    // Only who moves up leaves the end: content that grows or shrinks, or a window that does, does not.
    const moved = scrollHeight === this.lastHeight && scrollTop < this.lastTop;
    const atEnd = near || (this.atEnd && !moved);
    this.lastTop = scrollTop;
    this.lastHeight = scrollHeight;
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
      erased: this.room.aftermath.erased,
      recordings: this.room.aftermath.recordings,
    };
    const { hidden, recordings } = this.room.aftermath;
    const [ended, called] = [endedCalls(entries), callers(entries)];
    const blocks: Block[] = [];
    let day = NaN;
    for (const entry of entries) {
      if (hidden.has(entry.seq)) continue;
      const at = Date.parse(entry.at);
      if (midnight(at) !== day) {
        day = midnight(at);
        blocks.push({ kind: 'day', key: `day ${entry.seq}`, at });
      }
      if (entry.seq === this.unreadFrom) blocks.push({ kind: 'unread', key: 'unread' });
      const last = blocks.at(-1);
      const { event } = entry;
      const wordless = event === null && !recordings.has(entry.seq);
      if (wordless || event?.kind === 'message_sent' || event?.kind === 'file_shared') {
        const first =
          last?.kind !== 'message' ||
          last.entry.actor !== entry.actor ||
          at - Date.parse(last.entry.at) > GROUPED_WITHIN;
        blocks.push({ kind: 'message', key: `${entry.seq}`, entry, first });
        continue;
      }
      const line = lineOf(entry, surroundings, ended, called);
      if (!line) continue; // the last block stays what it was
      if (last?.kind === 'lines') last.lines.push({ entry, line });
      else blocks.push({ kind: 'lines', key: `${entry.seq}`, lines: [{ entry, line }] });
    }
    return blocks;
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const blocks = this.blocks();
    const { pending, entries } = this.timeline;
    const talked = pending.length > 0 || entries.some(({ event }) => event?.kind === 'message_sent' || event?.kind === 'file_shared');
    const other = this.members.find((m) => m.person !== this.me);
    const lastOwn = entries.findLast((e) => e.actor === this.me && e.event?.kind === 'message_sent');
    const thread = this.thread();
    const stop = this.tabStop(blocks);
    return html`
      <h2 class="sr">${t.chat.heading}</h2>
      <div class="scroll" role="log" aria-live="off" aria-label=${t.chat.heading} tabindex="0" @scroll=${this.scrolled}>
        <div class="thread" @keydown=${this.stepped}>
          ${this.top()}
          ${repeat(blocks, (b) => b.key, (b) => this.block(b, thread, lastOwn?.seq ?? 0, stop))}
          ${talked || !this.inviting
            ? nothing
            : html`<div class="empty" data-test="empty">
                ${icon('chat', 28)}
                <strong>${t.chat.empty}</strong>
                <p>${t.chat.emptyHint(other?.name ?? t.someone)}</p>
              </div>`}
          ${repeat(pending, (p) => p.id, (p) => pendingOf(p, thread, (what, id) => this.tell(what, id)))}
          ${this.typist
            ? html`<div class="typing" data-test="typing">
                <span class="dots" aria-hidden="true"><i></i><i></i><i></i></span>${t.chat.typing(this.typist)}
              </div>`
            : nothing}
        </div>
      </div>
      ${this.trouble ? html`<p class="refusal trouble" role="alert" data-test="message-refusal">${icon('alert', 18)}<span>${this.trouble}</span></p>` : nothing}
      <order-room-message-menu .language=${this.language} @chosen=${this.chosen} @reacted=${this.reacted}></order-room-message-menu>
      <order-room-history .room=${this.room} .language=${this.language} @shut=${this.keepPlace}></order-room-history>
      <order-room-report .room=${this.room} .language=${this.language}></order-room-report>
      ${this.atEnd
        ? nothing
        : html`<button class="newest ${this.missed ? 'primary' : ''}" data-test="to-newest" @click=${() => this.toEnd()}>
            ${icon('down', 18)}${t.chat.fresh(this.missed)}
          </button>`}
    `;
  }

  /** The message whose menu Tab reaches: one that was withdrawn or erased has none. */
  private tabStop(blocks: readonly Block[]): number {
    const { of, erased } = this.room.aftermath;
    const stops = blocks.flatMap((b) =>
      b.kind === 'message' && !erased.has(b.entry.seq) && !of.get(b.entry.seq)?.withdrawn && b.entry.event ? [b.entry.seq] : [],
    );
    return stops.findLast((seq) => this.stop === null || seq <= this.stop) ?? stops[0] ?? 0;
  }

  /** The button that had the focus may be gone with its message: the focus goes to the one nearby. */
  private readonly keepPlace = async (): Promise<void> => {
    await this.updateComplete;
    if (this.shadowRoot?.activeElement) return;
    this.renderRoot.querySelector<HTMLElement>('[data-test="message-menu"][tabindex="0"]')?.focus({ preventScroll: true });
  };

  private top(): TemplateResult | typeof nothing {
    const t = textsOf(this.language).chat;
    if (olderThan(this.timeline) === null) return nothing;
    if (this.older === 'loading') return html`<p class="older">${t.olderLoading}</p>`;
    return html`<p class="older">
      ${this.older === 'failed' ? html`${t.olderFailed} ` : nothing}
      <button class="link" data-test="older" @click=${() => this.askOlder()}>${t.older}</button>
    </p>`;
  }

  private block(block: Block, thread: Thread, lastOwn: number, stop: number): TemplateResult {
    const t = textsOf(this.language);
    switch (block.kind) {
      case 'day':
        return html`<h3 class="day"><span>${dayHeading(this.language, block.at, this.clock())}</span></h3>`;
      case 'unread':
        return html`<div class="unread" data-test="unread"><span>${t.chat.unread}</span></div>`;
      case 'lines':
        return this.lines(block.lines);
      case 'message': {
        const { entry, first } = block;
        const { of, erased } = this.room.aftermath;
        const [after, gone] = [of.get(entry.seq), erased.has(entry.seq)];
        return messageOf({ entry, after, erased: gone, first, last: entry.seq === lastOwn, stop: entry.seq === stop }, thread);
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
        ${line.note ? html`<blockquote dir="auto">${linked(line.note)}</blockquote>` : nothing}
        ${line.details
          ? html`<details class="figures" data-test="call-sound">
              <summary>${line.details.title}</summary>
              ${line.details.lines.map((each) => html`<p>${each}</p>`)}
            </details>`
          : nothing}
        ${entry.event?.kind === 'recording_kept' ? this.recorded(entry.event as Kept) : nothing}
        ${entry.event?.kind === 'order_delivered' ? this.delivered(entry) : nothing}
      </div>
      <time datetime=${entry.at} title=${moment(this.language, entry.at)}>${time(this.language, entry.at)}</time>
    </li>`;
  }

  private recorded(kept: Kept): TemplateResult {
    return html`<order-room-recorded
      .room=${this.room}
      .recording=${kept.recording}
      .voices=${kept.voices}
      .until=${kept.until}
      ?cut=${kept.whole === false}
      .me=${this.me}
      .name=${(person: string) => this.name(person)}
      .language=${this.language}
    ></order-room-recorded>`;
  }

  private name(person: string): string {
    return this.members.find((m) => m.person === person)?.name ?? textsOf(this.language).someone;
  }

  private tell(what: 'again' | 'discard' | 'rewrite', id: string): void {
    this.dispatchEvent(new CustomEvent(what, { detail: id }));
  }

  /** The files of a delivery: what the seller shared since the work began. */
  private delivered(entry: Entry): TemplateResult | typeof nothing {
    const { entries } = this.timeline;
    const files: Entry[] = [];
    for (const one of entries.slice(0, entries.indexOf(entry)).reverse()) {
      if (BEGINNINGS.has(one.event?.kind ?? '')) break;
      if (one.actor === entry.actor && one.event?.kind === 'file_shared') files.unshift(one);
    }
    if (files.length === 0) return nothing;
    return html`<ul class="files" data-test="delivered-files">
      ${files.map((one) => html`<li>
        <order-room-file small .room=${this.room} .shared=${sharedOf(one, this.room.aftermath.of.get(one.seq))} .from=${one.actor === this.me ? '' : this.name(one.actor)} .language=${this.language}></order-room-file>
      </li>`)}
    </ul>`;
  }

  // --- what is done with a message ---------------------------------------------------------------

  private thread(): Thread {
    return {
      room: this.room,
      language: this.language,
      me: this.me,
      members: this.members,
      seen: this.seen,
      reached: this.reached,
      online: this.online,
      answering: this.answering,
      name: (person) => this.name(person),
      menu: (entry, button) => this.offer(entry, button),
      jump: (seq) => void this.jumpTo(seq),
      history: (entry) => void this.history.show(entry),
      react: (seq, reaction, on) => this.react(seq, reaction, on),
    };
  }

  private offer(entry: Entry, button: HTMLElement): void {
    const after = this.room.aftermath.of.get(entry.seq);
    const own = entry.actor === this.me;
    const words = wordsOf(entry, after) !== null;
    const open = this.room.situation?.chat.open ?? false;
    const within = (seconds = 0): boolean => own && words && this.clock() - Date.parse(entry.at) < seconds * 1000;
    const { edit_window, withdraw_window } = this.room.room ?? {};
    const actions: MessageAction[] = [
      ...(open ? (['reply'] as const) : []),
      ...(open && within(edit_window) ? (['edit'] as const) : []),
      ...(words ? (['copy'] as const) : []),
      ...(within(withdraw_window) ? (['withdraw'] as const) : []),
      ...(own ? [] : (['report'] as const)),
    ];
    const reacted = new Set([...(after?.reactions ?? [])].flatMap(([r, who]) => (who.includes(this.me) ? [r] : [])));
    this.stop = entry.seq;
    this.trouble = '';
    void this.menu.open({ seq: entry.seq, actions, reacted: open ? reacted : null }, button);
  }

  private readonly chosen = ({ detail }: CustomEvent<{ seq: number; action: MessageAction }>): void => {
    const entry = find(this.timeline, detail.seq);
    if (!entry) return;
    const words = wordsOf(entry, this.room.aftermath.of.get(entry.seq));
    switch (detail.action) {
      case 'reply':
      case 'edit':
        this.dispatchEvent(new CustomEvent(detail.action, { detail: entry }));
        break;
      case 'copy':
        void navigator.clipboard?.writeText(words ?? '').catch(() => undefined);
        break;
      case 'withdraw':
        this.history.confirmWithdrawal(entry);
        break;
      case 'report':
        this.reporting.ask(entry);
        break;
      default:
        detail.action satisfies never;
    }
  };

  private readonly reacted = ({ detail }: CustomEvent<{ seq: number; reaction: Reaction; on: boolean }>): void =>
    this.react(detail.seq, detail.reaction, detail.on);

  private react(seq: number, reaction: Reaction, on: boolean): void {
    this.trouble = '';
    this.room.messages.react(seq, reaction, on).catch((error: unknown) => {
      if (error instanceof RefusedError) this.trouble = error.message;
    });
  }

  /** Show an entry, load the history up to it if need be, and let it stand out for a moment. */
  async jumpTo(seq: number): Promise<void> {
    this.trouble = '';
    const here = await this.room.reach(seq);
    await this.updateComplete;
    const found = here ? this.renderRoot.querySelector<HTMLElement>(`[data-seq="${seq}"]`) : null;
    if (!found) {
      this.trouble = textsOf(this.language).message.tooFar;
      return;
    }
    this.atEnd = false;
    this.lastTop = Infinity;
    // only the thread: `scrollIntoView` would move the page around the room too
    const [at, box] = [found.getBoundingClientRect(), this.scroller.getBoundingClientRect()];
    this.scroller.scrollTop += at.top + at.height / 2 - (box.top + box.height / 2);
    if (!found.hasAttribute('tabindex')) found.tabIndex = -1;
    found.focus({ preventScroll: true });
    found.classList.add('found');
    setTimeout(() => found.classList.remove('found'), FOUND_SHOWN);
  }

  /** The arrow keys go from one message's menu button to the next; Tab leaves them all. */
  private readonly stepped = (event: KeyboardEvent): void => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const at = event.target as HTMLElement;
    if (!step || at.dataset['test'] !== 'message-menu') return;
    const buttons = [...this.renderRoot.querySelectorAll<HTMLElement>('[data-test="message-menu"]')];
    const next = buttons[buttons.indexOf(at) + step];
    event.preventDefault();
    if (!next) return;
    this.stop = Number(next.closest<HTMLElement>('[data-seq]')?.dataset['seq']);
    next.focus();
  };

  static override readonly styles = [base, threadLook, messageLook, linesLook];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-conversation': Conversation;
  }
}
