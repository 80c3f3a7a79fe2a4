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
  /** The title of the order, where it is not the one on the screen. */
  @property() about = '';
  /** Where that order is shown. */
  @property() href = '';
  @property() language: Language = 'fr';
  @property({ attribute: false }) clock: () => number = Date.now;
  @property({ type: Boolean }) online = true;
  /** Only a sign in the header of a phone, instead of sign and word. */
  @property({ type: Boolean, reflect: true }) compact = false;
  /** On a phone: signs above words, all in one row. */
  @property({ type: Boolean, reflect: true }) narrow = false;
  /** There is no height to spare, as while the keyboard of a phone is up. */
  @property({ type: Boolean }) low = false;
  /** Changes whenever the call does. */
  @property({ type: Number }) revision = 0;

  @state() private second = 0;
  private frame = 0;
  /** Whether one of the buttons had the focus before this drawing. */
  private focused = false;
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

  override willUpdate(): void {
    this.focused = this.shadowRoot?.activeElement != null;
  }

  override updated(): void {
    if (this.focused && !this.shadowRoot?.activeElement) this.takeFocus();
    this.dataset['callState'] = this.call.state;
    const metering = this.call.sound.meters.mine !== null;
    if (metering && !this.frame) this.frame = requestAnimationFrame(this.draw);
  }

  /** Levels move sixty times a second: straight to the style, past the renderer. */
  private readonly draw = (): void => {
    const { mine, theirs } = this.call.sound.meters;
    this.frame = mine ? requestAnimationFrame(this.draw) : 0;
    this.show('mine', this.call.muted || this.call.onHold ? null : mine);
    this.show('theirs', this.call.onHold ? null : theirs);
  };

  private show(who: string, meter: Meter | null): void {
    const element = this.renderRoot.querySelector<HTMLElement>(`.level.${who}`);
    element?.style.setProperty('--level', (meter?.level() ?? 0).toFixed(3));
  }

  /** Take the focus, which the button had that is gone: to what one most likely does next. */
  takeFocus(): void {
    for (const name of ['call-mute', 'call-hold', 'call-accept-hold', 'call-accept', 'call-hang-up', 'call-start', 'call-close']) {
      const button = this.renderRoot.querySelector<HTMLButtonElement>(`[data-test="${name}"]:not(:disabled)`);
      if (button) return button.focus();
    }
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).call;
    const { call } = this;
    const troubled = call.trouble !== null || call.refusal !== null;
    return html`<section
      class="card ${call.state} ${troubled ? '' : 'plain'}"
      data-test=${this.about ? 'other-call' : 'call'}
      data-call-state=${call.state}
      data-second=${this.second}
      aria-label=${call.state === 'idle' ? t.brand : nothing}
      aria-labelledby=${call.state === 'idle' ? nothing : 'title'}
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
          </p>
          ${call.trouble !== 'failed' && (call.state === 'connecting' || call.state === 'active')
            ? html`<div class="choice">
                <button data-test="call-microphone-again" @click=${() => call.sound.retry()}>${textsOf(this.language).retry}</button>
              </div>`
            : nothing}`
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
        return this.aside || this.crowded ? this.brief() : this.talking();
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
    // On a phone the place belongs to the order's title; the menu beside it has the test too.
    return html`${gate.open && call.isFirst && call.state === 'idle' && !this.compact
        ? html`<button class="quiet try" data-test="sound-check-open" aria-label=${sounds.open} title=${sounds.open}
            @click=${this.checkSound}>${icon('mic')}${sounds.open}</button>`
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
        <button class="danger" data-test="call-hang-up" aria-disabled=${this.call.now ? nothing : 'true'} @click=${() => this.call.hangUp()}>
          ${icon('hangUp')}${t.cancel}
        </button>
      </div>`;
  }

  private ringing(): TemplateResult {
    const t = textsOf(this.language).call;
    return html`${this.head(t.ringing(this.other), this.ringsFor())}
      ${this.answers()}
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
      ${this.answers()}`;
  }

  /** What to do about a ring, also for who is in another call. */
  private answers(): TemplateResult {
    const t = textsOf(this.language).call;
    const { call } = this;
    const busy = call.beside;
    const decline = html`<button class="danger" data-test="call-decline" @click=${() => call.decline()}>${icon('hangUp')}${t.decline}</button>`;
    if (busy !== 'talking' && busy !== 'calling') {
      return html`<div class="choice">
        ${decline}
        <button class="primary" data-test="call-accept" @click=${() => call.accept()}>${icon('phone')}${t.accept}</button>
      </div>`;
    }
    return html`<div class="choice stacked">
      ${busy === 'talking'
        ? html`<button class="primary" data-test="call-accept-hold" @click=${() => call.accept('hold')}>${icon('pause')}${t.holdAndAnswer}</button>`
        : nothing}
      <button data-test="call-accept-hang-up" @click=${() => call.accept('hang_up')}>${icon('phone')}${t.hangUpAndAnswer}</button>
      ${decline}
    </div>`;
  }

  /** Whether another call here wants the attention: one that is talked in meanwhile, or rings. */
  private get aside(): boolean {
    const { beside, holding } = this.call;
    return beside === 'ringing' || (holding && beside !== null && beside !== 'held');
  }

  /** Whether to make room: never for what must be seen, as advice and the lamp of a recording. */
  private get crowded(): boolean {
    return this.low && this.call.state === 'active' && this.call.advice === null && !this.call.now?.recording;
  }

  /** As small as it can be; what is on hold is one press from going on. */
  private brief(): TemplateResult {
    const t = textsOf(this.language);
    const { call } = this;
    const hint = call.sound.weak ? t.call.reconnecting : call.holding ? t.call.left : call.muted ? t.call.muted : '';
    return html`<div class="row brief" data-test=${call.holding ? 'call-left' : 'call-brief'}>
      ${icon(call.holding ? 'pause' : 'phone')}
      <div class="grow">
        <h2 id="title">${this.other}</h2>
        <p class="hint">${hint || html`<span data-test="call-length">${this.length()}</span>`}</p>
      </div>
      ${call.holding
        ? html`<button class="round" data-test="call-hold" data-holding="true" aria-label=${t.call.backTo(this.other)} title=${t.call.backTo(this.other)}
            ?disabled=${!this.online || call.beside === 'calling'} @click=${() => call.toggleHold()}>${icon('triangle')}</button>`
        : html`<button class="round ${call.muted ? 'muted' : ''}" data-test="call-mute" data-muted=${call.muted}
            aria-label=${call.muted ? t.call.unmute : t.call.mute} title=${call.muted ? t.call.unmute : t.call.mute}
            @click=${() => call.toggleMute()}>${icon(call.muted ? 'micOff' : 'mic')}</button>`}
      <button class="danger round" data-test="call-hang-up" aria-label=${t.call.hangUpWith(this.other)} title=${t.call.hangUpWith(this.other)}
        @click=${() => call.hangUp()}>${icon('hangUp')}</button>
    </div>`;
  }

  private holdNote(): string {
    const t = textsOf(this.language).sound;
    if (!this.call.holding) return t.held(this.other);
    return this.call.told.otherHolding ? t.bothHold : t.holding;
  }

  private talking(): TemplateResult {
    const t = textsOf(this.language).call;
    const sounds = textsOf(this.language).sound;
    const { call } = this;
    const note =
      call.state === 'connecting'
        ? t.connecting
        : call.sound.weak
          ? t.reconnecting
          : call.told.otherWeak
            ? t.otherReconnecting(this.other)
            : call.onHold
              ? this.holdNote()
            : call.told.otherMuted
              ? t.otherMuted(this.other)
              : call.muted
                ? t.muted
                : '';
    return html`
      ${this.head(t.active(this.other), html`<span data-test="call-length">${this.length()}</span>`, call.sound.weak ? 'offline' : call.onHold ? 'pause' : 'phone')}
      <div class="levels">
        ${this.level('theirs', this.other)} ${this.level('mine', t.you)}
      </div>
      <p class="note ${note || !call.advice ? '' : 'none'} ${call.sound.weak || call.told.otherWeak ? 'weak' : ''}" role="status" data-test="call-note">${note}</p>
      <order-room-call-advice
        .advice=${call.advice}
        .other=${this.other}
        .language=${this.language}
        ?choice=${call.sound.devices.length > 1}
        @reconnect=${() => call.sound.again()}
        @reopen=${() => call.sound.choose(call.sound.device ?? '')}
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
      <div class="choice controls">
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
      ${this.about
        ? nothing
        : html`<button class="link quieter" data-test="sound-check-open" @click=${this.checkSound}>${sounds.check.settings}</button>`}
    `;
  }

  private length(): string {
    const answered = this.call.now?.answered_at;
    return answered ? clockFace(this.clock() - Date.parse(answered)) : '';
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
    const clock = ended && ended.seconds > 0 ? clockFace(ended.seconds * 1000) : '';
    const length = clock && t.lasted(clock);
    const again =
      this.gate.open && this.call.beside !== 'talking'
        ? html`<button
            data-test="call-start"
            class=${this.call.unanswered ? '' : 'round'}
            aria-label=${this.call.unanswered ? nothing : t.again}
            title=${this.call.unanswered ? nothing : t.again}
            ?disabled=${!this.online}
            @click=${() => this.call.start()}
          >
            ${icon('phone', 18)}${this.call.unanswered ? t.again : nothing}
          </button>`
        : nothing;
    return html`<div class="row" role="status" data-test="call-ended" data-end=${ended?.end ?? ''}>
      ${icon('hangUp')}
      <div class="grow">
        <h2 id="title">${ended?.end ? this.told(ended.end) : t.ended}</h2>
        ${this.about ? this.subject() : nothing}
        ${length || this.about ? html`<p class="hint">${this.about ? [this.other, clock].filter(Boolean).join(', ') : length}</p>` : nothing}
      </div>
      ${this.call.unanswered ? nothing : again}
      <button class="quiet round" data-test="call-close" aria-label=${texts.close} @click=${() => this.call.dismiss()}>${icon('cross')}</button>
    </div>
    ${this.call.unanswered && this.room
      ? html`<div class="choice stacked after">
          ${again}
          <order-room-voice-note prominent .room=${this.room} .language=${this.language}></order-room-voice-note>
          ${this.room.situation?.may_propose?.includes('talk')
            ? html`<order-room-propose-talk prominent .room=${this.room} .language=${this.language} .clock=${this.clock}></order-room-propose-talk>`
            : nothing}
        </div>`
      : nothing}
    ${this.call.hasMinutes && !this.about
      ? html`<div class="choice after">
          <button data-test="call-minutes" @click=${() => this.dispatchEvent(new CustomEvent('minutes', { bubbles: true, composed: true }))}>
            ${icon('brief', 18)}${texts.talk.noteMinutes}
          </button>
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
        <div role=${this.call.state === 'ringing' ? 'alert' : nothing}><h2 id="title">${title}</h2></div>
        ${this.about ? this.subject() : nothing}
        <p class="hint">${hint}</p>
      </div>
    </div>`;
  }

  /** Which order it is about, and the way there. */
  private subject(): TemplateResult {
    return html`<p class="about">${this.href ? html`<a data-test="rings-open" href=${this.href}>${this.about}</a>` : this.about}</p>`;
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
        ${Array.from({ length: BARS }, (_, i) => html`<i class="fill" style="--at: ${(i / BARS).toFixed(2)}"></i>`)}
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
