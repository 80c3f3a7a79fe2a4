/** ComeUp Direct: the call, from the button to the summary. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { Call } from '../call.js';
import { clockFace } from '../countdown.js';
import { icon, type Icon } from '../icons.js';
import type { Meter } from '../media.js';
import type { CallEnd, Gate } from '../protocol.js';
import { base } from '../styles.js';
import type { OrderRoom } from '../room.js';
import { textsOf, type Language } from '../texts/index.js';
import { look } from './call-panel.styles.js';
import './call-advice.js';
import './call-recording.js';
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
      ${this.head(t.active(this.other), html`<span data-test="call-length">${length}</span>`, call.onHold ? 'pause' : 'phone')}
      <div class="levels">
        ${this.level('theirs', this.other)} ${this.level('mine', t.you)}
      </div>
      <p class="note ${note || !call.advice ? '' : 'none'}" role="status" data-test="call-note">${note}</p>
      <order-room-call-advice
        .advice=${call.advice}
        .other=${this.other}
        .language=${this.language}
        ?choice=${call.devices.length > 1}
        @reconnect=${() => call.reconnect()}
        @reopen=${() => call.choose(call.device ?? '')}
        @choose=${this.checkSound}
      ></order-room-call-advice>
      ${call.state === 'active'
        ? html`<order-room-call-recording
            .now=${call.now}
            .room=${this.room}
            .me=${this.room?.me?.person ?? ''}
            .other=${this.other}
            .language=${this.language}
          ></order-room-call-recording>`
        : nothing}
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

  private head(title: string, hint: string | TemplateResult, sign: Icon = 'phone'): TemplateResult {
    return html`<div class="row">
      <span class="badge">${icon(sign)}</span>
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

  static override readonly styles = [base, look];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-call': CallPanel;
  }
}
