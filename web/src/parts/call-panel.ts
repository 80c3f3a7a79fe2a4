/** ComeUp Direct: the call, from the button to the summary. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Call } from '../call.js';
import { clockFace } from '../countdown.js';
import { icon } from '../icons.js';
import type { Meter } from '../media.js';
import type { CallEnd, Gate } from '../protocol.js';
import { base } from '../styles.js';
import type { OrderRoom } from '../room.js';
import { textsOf, type Language } from '../texts/index.js';
import './call-advice.js';
import './propose-talk.js';
import './voice-note.js';

const BARS = 14;

@customElement('order-room-call')
export class CallPanel extends LitElement {
  @property({ attribute: false }) call!: Call;
  @property({ attribute: false }) gate: Gate = { open: false };
  @property({ attribute: false }) room: OrderRoom | null = null;
  @property() other = '';
  @property() language: Language = 'fr';
  @property({ attribute: false }) clock: () => number = Date.now;
  @property({ type: Boolean }) online = true;
  /** Only a sign in the header of a phone, instead of sign and word. */
  @property({ type: Boolean, reflect: true }) compact = false;
  /** Changes whenever the call does. */
  @property({ type: Number }) revision = 0;

  @state() private second = 0;
  private frame = 0;
  private timer: ReturnType<typeof setInterval> | undefined;

  override connectedCallback(): void {
    super.connectedCallback();
    this.timer = setInterval(() => (this.second += 1), 500);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.timer);
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  override updated(): void {
    this.dataset['callState'] = this.call.state;
    const metering = this.call.meters.mine !== null;
    if (metering && !this.frame) this.frame = requestAnimationFrame(this.draw);
  }

  /** Levels move sixty times a second: straight to the style, past the renderer. */
  private readonly draw = (): void => {
    const { mine, theirs } = this.call.meters;
    this.frame = mine ? requestAnimationFrame(this.draw) : 0;
    this.show('mine', this.call.muted || this.call.onHold ? null : mine);
    this.show('theirs', this.call.onHold ? null : theirs);
  };

  private show(who: string, meter: Meter | null): void {
    const element = this.renderRoot.querySelector<HTMLElement>(`.level.${who}`);
    element?.style.setProperty('--level', (meter?.level() ?? 0).toFixed(3));
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).call;
    const { call } = this;
    const troubled = call.trouble !== null || call.refusal !== null;
    return html`<section
      class="card ${call.state} ${troubled ? '' : 'plain'}"
      data-test="call"
      data-call-state=${call.state}
      data-second=${this.second}
      aria-label=${t.brand}
    >
      ${call.state === 'idle' && troubled
        ? html`<div class="row">
            <h2 class="grow">${t.brand}</h2>
            <button class="quiet round" aria-label=${textsOf(this.language).close} @click=${() => call.dismiss()}>${icon('cross')}</button>
          </div>`
        : this.body()}
      ${call.trouble
        ? html`<p class="refusal" role="alert" data-test="call-trouble" data-trouble=${call.trouble}>
            ${icon(call.trouble === 'failed' ? 'alert' : 'micOff', 18)}
            <span>${call.trouble === 'failed' ? t.failed : t.mic[call.trouble]}</span>
          </p>`
        : nothing}
      ${call.refusal
        ? html`<p class="refusal" role="alert" data-test="call-refusal">${icon('alert', 18)}<span>${call.refusal}</span></p>`
        : nothing}
      ${call.state === 'idle' && troubled ? html`<div class="choice">${this.body()}</div>` : nothing}
    </section>`;
  }

  private body(): TemplateResult {
    const { call } = this;
    switch (call.state) {
      case 'idle':
        return this.idle();
      case 'calling':
        return this.waiting();
      case 'ringing':
        return this.ringing();
      case 'silenced':
        return this.silenced();
      case 'connecting':
      case 'active':
        return this.talking();
      case 'elsewhere':
        return this.elsewhere();
      case 'ended':
        return this.over();
    }
  }

  private idle(): TemplateResult {
    const t = textsOf(this.language);
    const { gate, call } = this;
    const closed = gate.open ? '' : gate.reason ? t.callGate[gate.reason] : t.callGate.ended;
    const label = t.call.start(this.other);
    const hint = closed || `${t.call.brand}. ${t.call.startHint}`;
    const sounds = textsOf(this.language).sound.check;
    return html`${gate.open && call.isFirst && call.state === 'idle'
        ? html`<button class="quiet try ${this.compact ? 'round' : ''}" data-test="sound-check-open" aria-label=${sounds.open} title=${sounds.open}
            @click=${this.checkSound}>${icon('mic')}${this.compact ? nothing : sounds.open}</button>`
        : nothing}<button
      class=${this.compact ? 'call round' : 'call'}
      data-test="call-start"
      aria-label=${label}
      aria-describedby="hint"
      title=${hint}
      ?disabled=${!gate.open || !this.online}
      @click=${() => this.call.start()}
    >
      ${icon('phone')}${this.compact ? nothing : t.call.startShort}
    </button>
    <span class="sr" id="hint">${hint}</span>`;
  }

  private waiting(): TemplateResult {
    const t = textsOf(this.language).call;
    return html`${this.head(t.calling(this.other), this.ringsFor())}
      <div class="choice">
        <button class="danger" data-test="call-hang-up" ?disabled=${!this.call.now} @click=${() => this.call.hangUp()}>
          ${icon('hangUp')}${t.cancel}
        </button>
      </div>`;
  }

  private ringing(): TemplateResult {
    const t = textsOf(this.language).call;
    return html`<div role="alert">${this.head(t.ringing(this.other), this.ringsFor())}</div>
      <div class="choice">
        <button class="danger" data-test="call-decline" @click=${() => this.call.decline()}>
          ${icon('hangUp')}${t.decline}
        </button>
        <button class="primary" data-test="call-accept" @click=${() => this.call.accept()}>
          ${icon('phone')}${t.accept}
        </button>
      </div>
      ${this.call.silent
        ? html`<div class="silent">
            <button data-test="enable-sound" @click=${() => this.call.touched()}>${icon('sound')}${t.sound}</button>
            <p class="hint">${t.soundHint}</p>
          </div>`
        : nothing}
      <button class="link quieter" data-test="call-silence" title=${t.silenceHint} @click=${() => this.call.silence()}>
        ${t.silence}
      </button>`;
  }

  /** It rings on: here only without a sound. */
  private silenced(): TemplateResult {
    const t = textsOf(this.language).call;
    return html`${this.head(t.ringing(this.other), html`<span role="status">${t.silenced}</span>`)}
      <div class="choice">
        <button class="danger" data-test="call-decline" @click=${() => this.call.decline()}>${t.decline}</button>
        <button class="primary" data-test="call-accept" @click=${() => this.call.accept()}>${t.accept}</button>
      </div>`;
  }

  private holdNote(): string {
    const t = textsOf(this.language).sound;
    if (!this.call.holding) return t.held(this.other);
    return this.call.otherHolding ? t.bothHold : t.holding;
  }

  private talking(): TemplateResult {
    const t = textsOf(this.language).call;
    const sounds = textsOf(this.language).sound;
    const { call } = this;
    const answered = call.now?.answered_at;
    const length = answered ? clockFace(this.clock() - Date.parse(answered)) : '';
    const note =
      call.state === 'connecting'
        ? t.connecting
        : call.weak
          ? t.reconnecting
          : call.otherWeak
            ? t.otherReconnecting(this.other)
            : call.onHold
              ? this.holdNote()
            : call.otherMuted
              ? t.otherMuted(this.other)
              : call.muted
                ? t.muted
                : '';
    return html`
      ${this.head(t.active(this.other), html`<span data-test="call-length">${length}</span>`)}
      <div class="levels">
        ${this.level('theirs', this.other)} ${this.level('mine', t.you)}
      </div>
      <p class="note" role="status" data-test="call-note">${note}</p>
      <order-room-call-advice
        .advice=${call.advice}
        .other=${this.other}
        .language=${this.language}
        ?choice=${call.devices.length > 1}
        @reconnect=${() => call.reconnect()}
        @reopen=${() => call.choose(call.device ?? '')}
        @choose=${() => this.renderRoot.querySelector('select')?.focus()}
      ></order-room-call-advice>
      <div class="choice">
        <button
          data-test="call-mute"
          class=${call.muted ? 'muted' : ''}
          data-muted=${call.muted}
          aria-label=${call.muted ? t.unmute : t.mute}
          title=${call.muted ? t.unmute : t.mute}
          @click=${() => call.toggleMute()}
        >
          ${icon(call.muted ? 'micOff' : 'mic')}${call.muted ? t.unmuteShort : t.muteShort}
        </button>
        ${call.state === 'active'
          ? html`<button
              data-test="call-hold"
              class=${call.holding ? 'muted' : ''}
              data-holding=${call.holding}
              aria-label=${call.holding ? sounds.resume : sounds.hold}
              title=${call.holding ? sounds.resume : sounds.hold}
              @click=${() => call.toggleHold()}
            >
              ${icon(call.holding ? 'triangle' : 'pause')}${call.holding ? sounds.resumeShort : sounds.holdShort}
            </button>`
          : nothing}
        <button class="danger" data-test="call-hang-up" ?disabled=${!call.now} @click=${() => call.hangUp()}>
          ${icon('hangUp')}${t.hangUp}
        </button>
      </div>
      ${call.devices.length > 1
        ? html`<label class="device">
            <span>${t.microphone}</span>
            <select
              data-test="call-microphone"
              @change=${(e: Event) => call.choose((e.target as HTMLSelectElement).value)}
            >
              ${call.devices.map((d) => html`<option value=${d.id} ?selected=${d.id === call.device}>${d.label}</option>`)}
            </select>
          </label>`
        : nothing}
      <button class="link quieter" data-test="sound-check-open" @click=${this.checkSound}>${sounds.check.settings}</button>
    `;
  }

  private readonly checkSound = (): void => {
    this.dispatchEvent(new CustomEvent('sound-check', { bubbles: true, composed: true }));
  };

  private elsewhere(): TemplateResult {
    const t = textsOf(this.language).call;
    const { call } = this;
    const title = call.answeredElsewhere
      ? t.answeredElsewhere
      : call.now?.answered_at === null
        ? t.elsewhereCalling
        : t.elsewhere;
    return html`<div role="status" data-test="call-elsewhere" data-answered=${call.answeredElsewhere}>${this.head(title, t.elsewhereHint)}</div>
      <div class="choice">
        <button data-test="call-hang-up" @click=${() => this.call.hangUp()}>${icon('hangUp')}${t.hangUp}</button>
      </div>`;
  }

  private over(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.call;
    const ended = this.call.ended;
    const length = ended && ended.seconds > 0 ? t.lasted(clockFace(ended.seconds * 1000)) : '';
    return html`<div class="row" role="status" data-test="call-ended" data-end=${ended?.end ?? ''}>
      ${icon('hangUp')}
      <div class="grow">
        <h2>${ended?.end ? this.told(ended.end) : t.ended}</h2>
        ${length ? html`<p class="hint">${length}</p>` : nothing}
      </div>
      ${this.gate.open
        ? html`<button data-test="call-start" ?disabled=${!this.online} @click=${() => this.call.start()}>${t.again}</button>`
        : nothing}
      <button class="quiet round" aria-label=${texts.close} @click=${() => this.call.dismiss()}>${icon('cross')}</button>
    </div>
    ${this.call.unanswered && this.room
      ? html`<div class="choice after">
          <order-room-voice-note prominent .room=${this.room} .language=${this.language}></order-room-voice-note>
          ${this.room.situation?.may_propose?.includes('talk')
            ? html`<order-room-propose-talk prominent .room=${this.room} .language=${this.language} .clock=${this.clock}></order-room-propose-talk>`
            : nothing}
        </div>`
      : nothing}`;
  }

  /** How it ended, in words that say who wanted it so. */
  private told(end: CallEnd): string {
    const t = textsOf(this.language).call;
    const own = this.call.wasOwn;
    if (end === 'declined') return own ? t.declinedBy(this.other) : t.declinedByYou;
    if (end === 'busy') return own ? t.busyWith(this.other) : t.missed;
    return end === 'no_answer' && !own ? t.missed : t.end[end];
  }

  private head(title: string, hint: string | TemplateResult): TemplateResult {
    return html`<div class="row">
      <span class="badge">${icon('phone')}</span>
      <div class="grow">
        <h2>${title}</h2>
        <p class="hint">${hint}</p>
      </div>
    </div>`;
  }

  private ringsFor(): string {
    const now = this.call.now;
    if (!now) return '';
    const left = Math.ceil((Date.parse(now.rings_until) - this.clock()) / 1000);
    return textsOf(this.language).call.ringingHint(Math.max(0, left));
  }

  private level(who: 'mine' | 'theirs', name: string): TemplateResult {
    return html`<div class="level ${who}" data-test="level-${who}">
      <span class="name">${name}</span>
      <span class="bars" aria-hidden="true">
        ${Array.from({ length: BARS }, (_, i) => html`<i style="--at: ${(i / BARS).toFixed(2)}"></i>`)}
      </span>
    </div>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
      }
      h2 {
        font-size: 15px;
        line-height: 1.3;
      }
      .hint {
        min-height: 1.35em;
        font-size: 13.5px;
        line-height: 1.35;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .row {
        display: flex;
        align-items: center;
        gap: 14px;
      }
      .grow {
        flex: 1;
        min-width: 0;
      }
      .calling,
      .ringing,
      .connecting,
      .active {
        border-color: transparent;
        background: light-dark(#0e332d, #123029);
        color: #f1f7f5;
        color-scheme: dark;
        --muted: #b3ccc5;
        --ink: #f1f7f5;
        --accent: #63cdb6;
        --accent-strong: #84dcc9;
        --accent-ink: #06251f;
        --surface: rgb(255 255 255 / 0.1);
        --line: rgb(255 255 255 / 0.18);
        --bad-strong: #c9453a;
      }
      .calling h2,
      .ringing h2,
      .active h2,
      .connecting h2 {
        font-size: 17px;
      }
      button.call:not(:disabled) {
        border-color: transparent;
        background: var(--accent-soft);
        color: var(--accent-strong);
      }
      button.call:hover:not(:disabled) {
        border-color: var(--accent);
      }
      .badge {
        position: relative;
        flex: none;
        display: grid;
        place-items: center;
        width: 46px;
        height: 46px;
        border-radius: 50%;
        background: var(--accent);
        color: var(--accent-ink);
      }
      .ended .row > .icon {
        color: var(--muted);
      }
      .ended .row {
        gap: 10px;
      }
      .ended .round {
        margin-right: -10px;
      }
      .ended.card {
        padding: 12px 18px;
      }
      .elsewhere .badge {
        background: var(--accent-soft);
        color: var(--accent);
      }
      .ringing .badge::after,
      .calling .badge::after {
        content: '';
        position: absolute;
        inset: 0;
        border-radius: 50%;
        border: 2px solid var(--accent);
        animation: pulse 1.6s infinite ease-out;
      }
      @keyframes pulse {
        to {
          transform: scale(1.7);
          opacity: 0;
        }
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        gap: 10px;
        margin-top: 16px;
      }
      .choice button {
        flex: 1 1 130px;
      }
      .levels {
        display: grid;
        gap: 8px;
        margin-top: 16px;
      }
      .level {
        --level: 0;
        display: grid;
        grid-template-columns: minmax(60px, 38%) 1fr;
        gap: 12px;
        align-items: center;
        font-size: 13.5px;
      }
      .name {
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .bars {
        display: flex;
        gap: 3px;
      }
      .bars i {
        flex: 1;
        height: 14px;
        border-radius: 2px;
        background: var(--accent);
        opacity: clamp(0.16, calc((var(--level) - var(--at)) * 40), 1);
      }
      .note {
        min-height: 1.4em;
        margin-top: 10px;
        font-size: 13.5px;
        color: var(--muted);
      }
      .active .choice,
      .connecting .choice {
        margin-top: 8px;
      }
      button.muted {
        background: #f1f7f5;
        color: #0e332d;
      }
      .device {
        display: grid;
        gap: 4px;
        margin-top: 14px;
        font-size: 13px;
        color: var(--muted);
      }
      select {
        min-height: 44px;
        width: 100%;
        padding: 0 10px;
        border: 1px solid var(--line);
        border-radius: 11px;
        background: var(--surface);
        color: var(--ink);
        text-overflow: ellipsis;
      }
      option {
        background: #123029;
        color: #f1f7f5;
      }
      .quieter {
        display: block;
        margin: 10px auto -8px;
        color: var(--muted);
      }
      .silent {
        margin-top: 14px;
        padding-top: 14px;
        border-top: 1px solid var(--line);
        display: grid;
        gap: 6px;
      }
      .refusal {
        margin-top: 12px;
        color-scheme: inherit;
      }
      .calling .refusal,
      .ringing .refusal,
      .active .refusal,
      .connecting .refusal {
        background: rgb(255 255 255 / 0.12);
        color: #ffc4bc;
      }
      .idle.plain {
        padding: 0;
        border: 0;
        background: none;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-call': CallPanel;
  }
}
