/**
 * `<order-room order="…" src="/ws" language="fr" theme="auto">`: the room of one order.
 *
 * Set the property `token` to a function that fetches a bearer token for the person; elements
 * with the same function share one socket. Events, both bubbling out of shadow roots:
 * `order-room-state` (detail: order, state, connection) when one of these changes, and
 * `order-room-refused` (detail: code, text, facts) when the room cannot be shown. With the
 * attribute `order-again` the buyer of an ended order finds a button that tells
 * `order-room-again` (detail: order); without it, a link if the service has one to show.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { announcement } from './announcements.js';
import { Attention } from './attention.js';
import { Call } from './call.js';
import { GESTURES, playOn } from './media.js';
import { connectionFor } from './connection.js';
import { icon } from './icons.js';
import { OtherCalls } from './other-calls.js';
import { isInMain } from './landmarks.js';
import { Layout } from './layout.js';
import type { TokenProvider } from './line.js';
import { look } from './order-room.styles.js';
import './parts/banner.js';
import './parts/call-panel.js';
import type { SoundCheck } from './parts/sound-check.js';
import './parts/sound-check.js';
import type { Composer, Written } from './parts/composer.js';
import './parts/composer.js';
import type { Conversation } from './parts/conversation.js';
import './parts/conversation.js';
import './parts/countdown-panel.js';
import './parts/rings.js';
import { chip, chipLook } from './parts/header.js';
import { ended } from './parts/panel.js';
import type { Entry, Hit } from './protocol.js';
import './parts/search.js';
import { OrderRoom } from './room.js';
import { base, tokens } from './styles.js';
import { find } from './timeline.js';
import { dayAndTime, languageOf, textsOf, type Language } from './texts/index.js';

const ANSWERING: ReadonlySet<string> = new Set(['buyer', 'seller', 'mediator']);

@customElement('order-room')
export class OrderRoomElement extends LitElement {
  @property() order = '';
  /** Address of the WebSocket; relative to the page. */
  @property() src = '/ws';
  @property() language = '';
  @property({ reflect: true }) theme: 'auto' | 'light' | 'dark' = 'auto';
  /** Whether the page sells again what an ended order was about: it hears `order-room-again`. */
  @property({ type: Boolean, attribute: 'order-again' }) again = false;
  @property({ attribute: false }) token: TokenProvider | null = null;
  /** Where another order is shown, for a call about it; `{order}` stands for its id. */
  @property() href = '';

  @state() private revision = 0;
  @state() private said = '';
  @state() private searching = false;
  @state() private looking = true;
  @query('order-room-conversation') private conversation!: Conversation | null;
  @query('order-room-composer') private composer!: Composer | null;
  @query('dialog.sheet') private sheet!: HTMLDialogElement | null;
  @query('order-room-sound-check') private soundCheck!: SoundCheck | null;
  @query('audio') private audio!: HTMLAudioElement;

  private room: OrderRoom | null = null;
  private call: Call | null = null;
  private others: OtherCalls | null = null;
  private lastState = '';
  private refused = false;
  /** Whether the focus was on the call before this drawing. */
  private onCall = false;
  private opened = false;
  private readonly layout = new Layout(
    this,
    () => this.shadowRoot?.querySelector('order-room-panel'),
    () => this.requestUpdate(),
  );
  private readonly attention = new Attention();

  private get tongue(): Language {
    return languageOf(this.language || document.documentElement.lang || navigator.language);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.layout.watch();
    this.addEventListener('sound-check', this.checkSound);
    this.addEventListener('minutes', this.showMinutes);
    for (const event of GESTURES) addEventListener(event, this.touched, true);
    for (const event of ['focus', 'blur', 'visibilitychange'] as const) addEventListener(event, this.looked, true);
    this.join();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.layout.leave();
    for (const event of GESTURES) removeEventListener(event, this.touched, true);
    for (const event of ['focus', 'blur', 'visibilitychange'] as const) removeEventListener(event, this.looked, true);
    this.leave();
  }

  override willUpdate(changed: PropertyValues<OrderRoomElement>): void {
    this.onCall = this.shadowRoot?.activeElement?.localName === 'order-room-call';
    if (changed.has('order') || changed.has('src') || changed.has('language') || changed.has('token')) {
      this.leave();
      this.join();
    }
  }

  private join(): void {
    if (this.room || !this.isConnected || !this.hasUpdated && !this.isUpdatePending) return;
    if (!this.order || !this.token) return;
    const url = new URL(this.src, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    const connection = connectionFor(url.href, this.token, this.tongue);
    this.room = new OrderRoom(this.order, connection, {
      changed: () => this.changed(),
      fresh: (entries) => this.announce(entries),
      signal: (signal) => this.call?.signal(signal),
    });
    this.call = new Call(this.room, () => (this.revision += 1));
    this.others = new OtherCalls(connection, this.order, () => (this.revision += 1));
    this.changed();
  }

  private leave(): void {
    this.call?.close();
    this.others?.close();
    this.room?.close();
    this.call = this.room = this.others = null;
    this.opened = this.refused = false;
    this.lastState = '';
    this.attention.flash(null);
    this.attention.count(0);
    this.searching = false;
  }

  private changed(): void {
    const { room } = this;
    if (!room) return;
    this.revision += 1;
    this.call?.look();
    const detail = { order: room.order, state: room.situation?.state ?? null, connection: room.connection.status };
    const key = `${detail.state} ${detail.connection}`;
    if (key !== this.lastState) {
      this.lastState = key;
      this.tell('order-room-state', detail);
    }
    const refusal = room.refusal ?? (room.connection.status === 'stopped' ? room.connection.refusal : null);
    if (refusal && !this.refused) {
      this.tell('order-room-refused', { code: refusal.code, text: refusal.text, facts: refusal.facts });
    }
    this.refused = refusal !== null;
  }

  private tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  override updated(): void {
    const { room, call, conversation } = this;
    if (!room || !call) return;
    if (this.onCall) void this.keepFocus();
    if (conversation && room.room && !this.opened) {
      this.opened = true;
      const place = /^#m(\d+)$/.exec(location.hash)?.[1];
      if (place) void conversation.jumpTo(Number(place));
    }
    this.audio.muted = call.onHold;
    void playOn(this.audio, call.sound.speaker);
    if (this.audio.srcObject !== call.sound.remote) {
      this.audio.srcObject = call.sound.remote;
      if (call.sound.remote) {
        this.audio.play().catch(() => {
          call.silent = true; // until the next touch of the page, which plays it
        });
      }
    }
    const caller = call.state === 'ringing' ? (room.other?.name ?? '') : (this.others?.caller ?? null);
    this.attention.flash(caller === null ? null : textsOf(this.tongue).call.flash(caller));
    this.attention.count(room.connection.lines?.find((line) => line.order === room.order)?.unread ?? 0);
    this.looked();
  }

  /** The call moves between header and panel, and what opened the test may be gone: the focus follows. */
  private readonly keepFocus = async (): Promise<void> => {
    const panel = this.shadowRoot?.querySelector('order-room-call');
    await panel?.updateComplete;
    const active = this.shadowRoot?.activeElement;
    if (!active || (active === this.soundCheck && !this.soundCheck.open)) panel?.takeFocus();
  };

  private readonly showMinutes = async (): Promise<void> => {
    if (this.layout.narrow) this.sheet?.showModal();
    const panel = this.shadowRoot?.querySelector('order-room-panel');
    await panel?.updateComplete;
    panel?.shadowRoot?.querySelector('order-room-minutes')?.begin();
  };

  private readonly checkSound = (): void => this.soundCheck?.show();

  private readonly touched = (): void => {
    void this.call?.touched();
    if (this.audio?.srcObject && this.audio.paused) void this.audio.play().catch(() => undefined);
  };

  private readonly looked = (): void => {
    const conversation = this.conversation;
    this.looking = document.visibilityState === 'visible' && document.hasFocus();
    if (!conversation?.endInView || !this.looking) return;
    this.room?.looked();
  };

  private announce(entries: readonly Entry[]): void {
    const told = this.room ? announcement(this.room, entries, this.tongue) : '';
    // the same words twice are two announcements
    if (told !== '') this.said = told === this.said ? `${told}\u00a0` : told;
  }

  // --- drawing ---------------------------------------------------------------------------------

  override render(): TemplateResult {
    return html`
      ${this.content()}
      ${this.room && this.call
        ? html`<order-room-sound-check .room=${this.room} .call=${this.call} .language=${this.tongue} .revision=${this.revision} @shut=${this.keepFocus}></order-room-sound-check>`
        : nothing}
      <audio data-test="remote-audio" autoplay hidden></audio>
      <div class="sr" aria-live="polite" data-test="announcements">${this.said}</div>
    `;
  }

  private content(): TemplateResult {
    const { room, call } = this;
    const t = textsOf(this.tongue);
    const stopped = room?.connection.status === 'stopped';
    if (room && (room.refusal || (stopped && !room.room))) {
      const text = room.refusal?.text ?? room.connection.refusal?.text ?? '';
      const code = room.refusal?.code ?? room.connection.refusal?.code ?? '';
      return html`<div class="notice" data-test="refused" data-code=${code}>
        ${icon('lock', 32)}
        <h1 aria-level=${isInMain(this) ? 2 : nothing}>${t.unavailable}</h1>
        <p>${text || (t.line.stopped[code] ?? t.unavailableHint)}</p>
        <button data-test="connection-retry" @click=${() => (stopped ? room.connection.retry() : room.reopen())}>${t.retry}</button>
      </div>`;
    }
    if (!room?.room || !room.situation || room.timeline.position === null || !call) {
      return html`<div class="notice" data-test="loading" role="status">
        <span class="spinner" aria-hidden="true"></span>
        <p>${t.chat.loading}</p>
        ${room && room.connection.status === 'offline' ? this.banner(room) : nothing}
      </div>`;
    }
    // `main` is the same on both: a window that is drawn wider loses nothing that is being written
    return html`<div class=${this.layout.narrow ? 'phone' : 'desk'}>
      ${this.layout.narrow ? this.phoneTop(room, call) : this.deskTop(room, call)}
      <main
        role=${isInMain(this) ? 'region' : nothing}
        aria-label=${isInMain(this) ? t.chat.heading : nothing}
      >${this.searching ? this.search(room) : nothing}${this.talk(room)}</main>
      ${this.layout.narrow ? this.phonePanel(room) : this.deskPanel(room, call)}
    </div>`;
  }

  private deskTop(room: OrderRoom, call: Call): TemplateResult {
    return html`${this.header(room, isQuiet(call) ? this.callPanel(room, call, this.layout.tight) : nothing)} ${this.banner(room)}`;
  }

  private deskPanel(room: OrderRoom, call: Call): TemplateResult {
    return html`
      <aside class="panel" aria-label=${textsOf(this.tongue).panel.heading}>
        ${this.ongoing(room, call)} ${this.panel(room)}
      </aside>
    `;
  }

  private phoneTop(room: OrderRoom, call: Call): TemplateResult {
    const t = textsOf(this.tongue);
    const quiet = isQuiet(call);
    const s = room.situation;
    const deadline = s?.deadlines[0] ?? null;
    const mine = s?.turn?.role === s?.role;
    return html`
      <div class="top">
        ${this.header(room, quiet ? this.callPanel(room, call, true) : nothing)}
        <button class="summary" data-test="panel-open" aria-haspopup="dialog" @click=${() => this.sheet?.showModal()}>
          ${deadline && !ended(room)
            ? html`<order-room-countdown
                strip
                .deadline=${deadline}
                .language=${this.tongue}
                .clock=${this.clock}
              ></order-room-countdown>`
            : chip(s?.state, this.tongue, true)}
          <span class="grow"></span>
          ${mine ? html`<span class="turn">${t.turn.yoursShort}</span>` : nothing}
          ${icon('chevron', 18)}<span class="sr">${t.panel.open}</span>
        </button>
        ${this.banner(room)}
        ${this.ongoing(room, call)}
      </div>
    `;
  }

  private phonePanel(room: OrderRoom): TemplateResult {
    const t = textsOf(this.tongue);
    const s = room.situation;
    return html`
      <dialog class="sheet" aria-label=${t.panel.heading} @click=${this.outside}>
        <div class="panel">
          <div class="sheet-head">
            <div>${chip(s?.state, this.tongue, s?.deadlines[0] !== undefined && !ended(room))}</div>
            <button class="quiet round" data-test="panel-close" aria-label=${t.panel.close} title=${t.panel.close} @click=${() => this.sheet?.close()}>${icon('cross')}</button>
          </div>
          ${this.panel(room)}
        </div>
      </dialog>
    `;
  }

  private readonly outside = (event: MouseEvent): void => {
    if (event.target === this.sheet) this.sheet?.close();
  };

  private readonly clock = (): number => this.room?.connection.now() ?? Date.now();

  private header(room: OrderRoom, button: TemplateResult | typeof nothing): TemplateResult {
    return html`<order-room-header
      .room=${room}
      .language=${this.tongue}
      .clock=${this.clock}
      .revision=${this.revision}
      ?narrow=${this.layout.narrow}
      ?inside=${isInMain(this)}
      @search=${() => (this.searching ? this.leaveSearch() : (this.searching = true))}
      >${room.me?.role === 'mediator' ? nothing : button}</order-room-header
    >`;
  }

  private panel(room: OrderRoom): TemplateResult {
    return html`<order-room-panel
      .room=${room}
      .language=${this.tongue}
      .clock=${this.clock}
      .revision=${this.revision}
      ?again=${this.again}
    ></order-room-panel>`;
  }

  /** What rings and is talked, of this order last: it stays where it was when another one comes. */
  private ongoing(room: OrderRoom, call: Call): TemplateResult {
    return html`<div class="ongoing">
      <order-room-rings .calls=${this.others} .href=${this.href} .language=${this.tongue} ?narrow=${this.layout.narrow} .low=${this.layout.low} .revision=${this.revision}></order-room-rings>
      ${isQuiet(call) ? nothing : this.callPanel(room, call, false)}
    </div>`;
  }

  private search(room: OrderRoom): TemplateResult {
    return html`<order-room-search
      .connection=${room.connection}
      .order=${room.order}
      .language=${this.tongue}
      .name=${(_: string, person: string) => (person === room.me?.person ? textsOf(this.tongue).you : (room.name(person) ?? ''))}
      @go=${(e: CustomEvent<Hit>) => this.goTo(e.detail.seq)}
      @shut=${this.leaveSearch}
    ></order-room-search>`;
  }

  private readonly leaveSearch = async (): Promise<void> => {
    this.searching = false;
    await this.updateComplete;
    this.shadowRoot?.querySelector('order-room-header')?.focusSearch();
  };

  /** Show an entry; on a phone the search makes room for it. */
  private goTo(seq: number): void {
    if (this.layout.narrow) this.searching = false;
    void this.updateComplete.then(() => this.conversation?.jumpTo(seq));
  }

  private banner(room: OrderRoom): TemplateResult {
    const unsent = room.timeline.pending.filter((own) => own.delivery === 'waiting').length;
    return html`<order-room-banner
      .connection=${room.connection}
      .status=${room.connection.status}
      .unsent=${unsent}
      .language=${this.tongue}
      .revision=${this.revision}
    ></order-room-banner>`;
  }

  private talk(room: OrderRoom): TemplateResult {
    const t = textsOf(this.tongue);
    const me = room.me?.person ?? '';
    const other = room.other;
    const gate = room.situation?.chat;
    const closed = gate?.open === false ? t.gate[gate.reason ?? 'ended'] : '';
    const until = gate?.open && gate.until ? t.gateUntil(dayAndTime(this.tongue, gate.until)) : '';
    return html`
      <order-room-conversation
        .room=${room}
        .timeline=${room.timeline}
        .members=${room.room?.members ?? []}
        .me=${me}
        .language=${this.tongue}
        .seen=${Math.min(...room.others.map((m) => room.marks.read(m.person)))}
        .reached=${Math.min(...room.others.map((m) => room.marks.delivered(m.person)))}
        .answering=${ANSWERING.has(room.me?.role ?? '')}
        .read=${room.marks.read(me)}
        .looking=${this.looking}
        .revision=${this.revision}
        .typist=${room.typist === null ? '' : (room.name(room.typist) ?? t.someone)}
        .older=${room.older}
        .online=${room.connection.status === 'online'}
        .inviting=${!ended(room) && gate?.open !== false}
        .brief=${room.situation?.brief ?? null}
        .clock=${this.clock}
        @older=${() => room.loadOlder()}
        @again=${(e: CustomEvent<string>) => room.again(e.detail)}
        @discard=${(e: CustomEvent<string>) => room.discard(e.detail)}
        @rewrite=${(e: CustomEvent<string>) => this.rewrite(room, e.detail)}
        @reply=${(e: CustomEvent<Entry>) => this.composer?.reply(e.detail)}
        @edit=${(e: CustomEvent<Entry>) => this.composer?.edit(e.detail)}
        @end-in-view=${this.looked}
      ></order-room-conversation>
      <order-room-composer
        .room=${room}
        .language=${this.tongue}
        .other=${room.others.length > 1 ? t.everybody : (other?.name ?? '')}
        .order=${room.order}
        .me=${me}
        .max=${room.room?.text_max ?? 5000}
        .transfers=${room.transfers.list}
        .closed=${closed}
        .hint=${until}
        @send=${({ detail }: CustomEvent<Written>) => room.send(detail.text, detail.replyTo, detail.understood)}
        @writes=${() => room.writes()}
        @quiet=${() => room.quiet()}
      ></order-room-composer>
    `;
  }

  /** Words that were refused go back to where they can be changed. */
  private rewrite(room: OrderRoom, id: string): void {
    const own = room.timeline.pending.find((p) => p.id === id);
    if (!own) return;
    room.discard(id);
    this.composer?.rewrite(own.text, own.replyTo === undefined ? undefined : find(room.timeline, own.replyTo));
  }

  private callPanel(room: OrderRoom, call: Call, compact: boolean): TemplateResult {
    return html`<order-room-call
      class=${call.state}
      .call=${call}
      .room=${room}
      .gate=${room.situation?.calls ?? { open: false }}
      .other=${room.other?.name ?? ''}
      .language=${this.tongue}
      .clock=${this.clock}
      .online=${room.connection.status === 'online'}
      .compact=${compact}
      ?narrow=${this.layout.narrow}
      .low=${this.layout.low}
      .revision=${this.revision}
    ></order-room-call>`;
  }

  static override readonly styles = [tokens, base, chipLook, look];
}

/** Nothing goes on: the call is a button in the header and no more. */
function isQuiet(call: Call): boolean {
  return call.state === 'idle' && !call.trouble && !call.refusal;
}

export { TokenRefused, type TokenProvider } from './line.js';

declare global {
  interface HTMLElementTagNameMap {
    'order-room': OrderRoomElement;
  }
}
