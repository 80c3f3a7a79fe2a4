/**
 * `<order-room order="…" src="/ws" language="fr" theme="auto">`: the room of one order.
 *
 * Set the property `token` to a function that fetches a bearer token for the person; elements
 * with the same function share one socket. Events, both bubbling out of shadow roots:
 * `order-room-state` (detail: order, state, connection) when one of these changes, and
 * `order-room-refused` (detail: code, text, facts) when the room cannot be shown.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { Call } from './call.js';
import { connectionFor } from './connection.js';
import { labels, lineOf } from './entries.js';
import { icon } from './icons.js';
import type { TokenProvider } from './line.js';
import { look } from './order-room.styles.js';
import './parts/actions.js';
import './parts/banner.js';
import './parts/brief.js';
import './parts/call-panel.js';
import './parts/composer.js';
import type { Conversation } from './parts/conversation.js';
import './parts/conversation.js';
import './parts/countdown-panel.js';
import { isBargain } from './parts/proposals.js';
import './parts/questions.js';
import './parts/record.js';
import './parts/steps.js';
import type { Entry, Member, Presence } from './protocol.js';
import { OrderRoom } from './room.js';
import { base, tokens } from './styles.js';
import { ago, dayAndTime, languageOf, money, textsOf, type Language } from './texts/index.js';

const NARROW = 820;

@customElement('order-room')
export class OrderRoomElement extends LitElement {
  @property() order = '';
  /** Address of the WebSocket; relative to the page. */
  @property() src = '/ws';
  @property() language = '';
  @property({ reflect: true }) theme: 'auto' | 'light' | 'dark' = 'auto';
  @property({ attribute: false }) token: TokenProvider | null = null;

  @state() private revision = 0;
  @state() private narrow = false;
  @state() private said = '';
  @query('order-room-conversation') private conversation!: Conversation | null;
  @query('dialog.sheet') private sheet!: HTMLDialogElement | null;
  @query('audio') private audio!: HTMLAudioElement;

  private room: OrderRoom | null = null;
  private call: Call | null = null;
  private lastState = '';
  private refused = false;
  private opened = false;
  private sizes = new ResizeObserver(([entry]) => {
    if (entry) this.narrow = entry.contentRect.width < NARROW;
  });
  private flashing: ReturnType<typeof setInterval> | undefined;
  private title0: string | null = null;

  private get tongue(): Language {
    return languageOf(this.language || document.documentElement.lang || navigator.language);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.sizes.observe(this);
    for (const event of ['pointerdown', 'keydown'] as const) addEventListener(event, this.touched, true);
    for (const event of ['focus', 'visibilitychange'] as const) addEventListener(event, this.looked, true);
    this.join();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.sizes.disconnect();
    for (const event of ['pointerdown', 'keydown'] as const) removeEventListener(event, this.touched, true);
    for (const event of ['focus', 'visibilitychange'] as const) removeEventListener(event, this.looked, true);
    this.leave();
  }

  override willUpdate(changed: PropertyValues<OrderRoomElement>): void {
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
    this.changed();
  }

  private leave(): void {
    this.call?.close();
    this.room?.close();
    this.call = this.room = null;
    this.opened = this.refused = false;
    this.lastState = '';
    this.flash(null);
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
    if (conversation && room.room && !this.opened) {
      this.opened = true;
      conversation.openedAt(room.marks.get(room.me?.person ?? '') ?? 0);
    }
    if (this.audio.srcObject !== call.remote) {
      this.audio.srcObject = call.remote;
      if (call.remote) {
        this.audio.play().catch(() => {
          call.silent = true; // until the next touch of the page, which plays it
        });
      }
    }
    this.flash(call.state === 'ringing' ? textsOf(this.tongue).call.flash(room.other?.name ?? '') : null);
    this.looked();
  }

  /** The title alternates while it rings, for whoever looks at another tab. */
  private flash(text: string | null): void {
    if (text === null) {
      clearInterval(this.flashing);
      this.flashing = undefined;
      if (this.title0 !== null) document.title = this.title0;
      this.title0 = null;
    } else if (this.flashing === undefined) {
      this.title0 = document.title;
      document.title = text;
      this.flashing = setInterval(() => {
        document.title = document.title === text ? (this.title0 ?? '') : text;
      }, 1000);
    }
  }

  private readonly touched = (): void => {
    void this.call?.touched();
    if (this.audio?.srcObject && this.audio.paused) void this.audio.play().catch(() => undefined);
  };

  private readonly looked = (): void => {
    const conversation = this.conversation;
    if (!conversation?.endInView || document.visibilityState !== 'visible' || !document.hasFocus()) return;
    this.room?.looked();
  };

  private announce(entries: readonly Entry[]): void {
    const { room } = this;
    const me = room?.me?.person;
    if (!room?.room || me === undefined) return;
    const t = textsOf(this.tongue);
    const words = entries.flatMap((entry) => {
      if (entry.actor === me) return [];
      const event = entry.event;
      if (event?.kind === 'message_sent') return [t.chat.said(room.name(entry.actor) ?? t.someone, event.text)];
      if (event?.kind.startsWith('notice_')) return [];
      const around = { language: this.tongue, me, members: room.room?.members ?? [], label: labels(room.situation?.brief) };
      return lineOf(entry, around, new Set(), new Map())?.text ?? [];
    });
    if (words.length > 0) this.said = words.join('. ');
  }

  // --- drawing ---------------------------------------------------------------------------------

  override render(): TemplateResult {
    return html`
      ${this.content()}
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
        <h1>${t.unavailable}</h1>
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
    return this.narrow ? this.phone(room, call) : this.desk(room, call);
  }

  private desk(room: OrderRoom, call: Call): TemplateResult {
    const quiet = isQuiet(call);
    return html`<div class="desk">
      ${this.header(room, quiet ? this.callPanel(room, call, false) : nothing)} ${this.banner(room)}
      <main>${this.talk(room)}</main>
      <aside class="panel" aria-label=${textsOf(this.tongue).panel.heading}>
        ${quiet ? nothing : this.callPanel(room, call, false)} ${this.panel(room)}
      </aside>
    </div>`;
  }

  private phone(room: OrderRoom, call: Call): TemplateResult {
    const t = textsOf(this.tongue);
    const quiet = isQuiet(call);
    const s = room.situation;
    const deadline = s?.deadlines[0] ?? null;
    const mine = s?.turn?.role === s?.role;
    return html`<div class="phone">
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
            : this.chip(room, true)}
          <span class="grow"></span>
          ${mine ? html`<span class="turn">${t.turn.yoursShort}</span>` : nothing}
          ${icon('chevron', 18)}<span class="sr">${t.panel.open}</span>
        </button>
        ${this.banner(room)} ${quiet ? nothing : html`<div class="ongoing">${this.callPanel(room, call, false)}</div>`}
      </div>
      <main>${this.talk(room)}</main>
      <dialog class="sheet" aria-label=${t.panel.heading} @click=${this.outside}>
        <div class="panel">
          <div class="sheet-head">
            <div>${this.chip(room, deadline !== null && !ended(room))}</div>
            <button class="quiet" data-test="panel-close" @click=${() => this.sheet?.close()}>${icon('cross')}${t.close}</button>
          </div>
          ${this.panel(room)}
        </div>
      </dialog>
    </div>`;
  }

  private readonly outside = (event: MouseEvent): void => {
    if (event.target === this.sheet) this.sheet?.close();
  };

  private readonly clock = (): number => this.room?.connection.now() ?? Date.now();

  private header(room: OrderRoom, button: TemplateResult | typeof nothing): TemplateResult {
    const r = room.room;
    const others = room.others;
    const mediating = room.me?.role === 'mediator';
    return html`<header>
      <span class="avatars">
        ${others.map(
          ({ person, name }) => html`<span class="avatar ${room.presence.get(person)?.online ? 'online' : ''}" aria-hidden="true">${initials(name)}</span>`,
        )}
      </span>
      <div class="who">
        <h1 title=${r?.title ?? ''}>${r?.title}</h1>
        <p class=${others.length > 1 ? 'several' : ''}>${others.length > 1 ? others.map((m) => this.member(room, m)) : this.only(room, room.other)}</p>
      </div>
      ${this.narrow || !r
        ? nothing
        : html`<span class="price">${money(this.tongue, r.price_cents, r.currency)}</span>${this.chip(room, true)}`}
      ${mediating ? nothing : button}
    </header>`;
  }

  /** Whom one talks to, and whether they are there. */
  private only(room: OrderRoom, other: Member | undefined): TemplateResult {
    const presence = other ? room.presence.get(other.person) : undefined;
    return html`<strong>${other?.name ?? textsOf(this.tongue).someone}</strong>
      <span data-test="presence" data-online=${presence?.online ?? false}>${this.presence(presence)}</span>`;
  }

  /** One of several: the role says more than when they were here. */
  private member(room: OrderRoom, { person, name, role }: Member): TemplateResult {
    const presence = room.presence.get(person);
    return html`<span class="member" data-test="member" data-role=${role} data-online=${presence?.online ?? false} title=${this.presence(presence)}>
      <strong>${name}</strong> ${textsOf(this.tongue).role[role]}
    </span>`;
  }

  private presence(presence: Presence | undefined): string {
    const t = textsOf(this.tongue).presence;
    if (presence?.online) return t.online;
    if (!presence?.last_seen) return t.offline;
    return t.seen(ago(this.tongue, Date.parse(presence.last_seen), this.clock()));
  }

  /** The state; the one that is in view carries the name by which tests find it. */
  private chip(room: OrderRoom, inView: boolean): TemplateResult {
    const now = room.situation?.state ?? 'awaiting_validation';
    return html`<span class="chip ${now}" data-test=${inView ? 'state' : nothing} data-state=${now}>
      ${textsOf(this.tongue).state[now]}
    </span>`;
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
        .seen=${Math.min(...room.others.map((m) => room.marks.get(m.person) ?? 0))}
        .typist=${room.typist === null ? '' : (room.name(room.typist) ?? t.someone)}
        .older=${room.older}
        .online=${room.connection.status === 'online'}
        .inviting=${!ended(room)}
        .brief=${room.situation?.brief ?? null}
        .clock=${this.clock}
        @older=${() => room.loadOlder()}
        @again=${(e: CustomEvent<string>) => room.again(e.detail)}
        @discard=${(e: CustomEvent<string>) => room.discard(e.detail)}
        @end-in-view=${this.looked}
      ></order-room-conversation>
      <order-room-composer
        .room=${room}
        .language=${this.tongue}
        .other=${room.others.length > 1 ? t.everybody : (other?.name ?? '')}
        .order=${room.order}
        .max=${room.room?.text_max ?? 5000}
        .closed=${closed}
        .hint=${until}
        @send=${(e: CustomEvent<string>) => room.send(e.detail)}
        @writes=${() => room.writes()}
        @quiet=${() => room.quiet()}
      ></order-room-composer>
    `;
  }

  private callPanel(room: OrderRoom, call: Call, compact: boolean): TemplateResult {
    return html`<order-room-call
      class=${call.state}
      .call=${call}
      .gate=${room.situation?.calls ?? { open: false }}
      .other=${room.other?.name ?? ''}
      .language=${this.tongue}
      .clock=${this.clock}
      .online=${room.connection.status === 'online'}
      .compact=${compact}
      .revision=${this.revision}
    ></order-room-call>`;
  }

  private panel(room: OrderRoom): TemplateResult {
    const t = textsOf(this.tongue);
    const s = room.situation;
    if (!s) return html``;
    const countdown = s.deadlines[0]
      ? html`<order-room-countdown .deadline=${s.deadlines[0]} .language=${this.tongue} .clock=${this.clock}></order-room-countdown>`
      : nothing;
    const agreeing =
      s.proposals?.some(({ kind }) => isBargain(kind)) || s.may_propose?.some(isBargain)
        ? html`<order-room-proposals .room=${room} .situation=${s} .language=${this.tongue}></order-room-proposals>`
        : nothing;
    const asked = s.proposals?.some((p) => p.by !== room.me?.person) ?? false;
    // While the order runs the clock matters most; afterwards what became of the money does.
    return html`
      ${ended(room) ? nothing : countdown} ${asked ? agreeing : nothing}
      <order-room-actions
        .room=${room}
        .situation=${s}
        .language=${this.tongue}
        .online=${room.connection.status === 'online'}
      ></order-room-actions>
      ${s.brief
        ? html`<order-room-brief .room=${room} .brief=${s.brief} .language=${this.tongue}></order-room-brief>`
        : nothing}
      ${ended(room) ? countdown : nothing}
      ${asked ? nothing : agreeing}
      ${s.deadlines.slice(1).map(
        (later) => html`<order-room-countdown minor .deadline=${later} .language=${this.tongue} .clock=${this.clock}></order-room-countdown>`,
      )}
      <order-room-steps .state=${s.state} .language=${this.tongue}></order-room-steps>
      ${s.held_cents > 0
        ? html`<section class="card escrow" data-test="escrow" data-held=${s.held_cents}>
            ${icon('lock', 22)}
            <div>
              <strong>${t.escrow.held(money(this.tongue, s.held_cents, s.currency))}</strong>
              <p>${s.state === 'frozen' ? t.escrow.frozen : t.escrow.hint}</p>
            </div>
          </section>`
        : nothing}
      <order-room-questions .viewer=${s.role} .state=${s.state} .language=${this.tongue}></order-room-questions>
      <order-room-record .room=${room} .language=${this.tongue}></order-room-record>
    `;
  }

  static override readonly styles = [tokens, base, look];
}

function ended(room: OrderRoom): boolean {
  const now = room.situation?.state;
  return now === 'closed' || now === 'cancelled' || now === 'expired';
}

/** Nothing goes on: the call is a button in the header and no more. */
function isQuiet(call: Call): boolean {
  return call.state === 'idle' && !call.trouble && !call.refusal;
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return [words[0], words.length > 1 ? words.at(-1) : '']
    .map((w) => [...(w ?? '')][0] ?? '')
    .join('')
    .toUpperCase();
}

export { TokenRefused, type TokenProvider } from './line.js';

declare global {
  interface HTMLElementTagNameMap {
    'order-room': OrderRoomElement;
  }
}
