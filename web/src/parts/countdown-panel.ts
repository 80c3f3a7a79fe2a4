/** The time left, and what happens to whose money at zero. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { inWords, passed, remaining, segments, share, urgency } from '../countdown.js';
import { icon } from '../icons.js';
import type { Deadline, Timer } from '../protocol.js';
import { base } from '../styles.js';
import { dayAndTime, textsOf, type Language } from '../texts/index.js';

/** One stroke of the ruler per hour of a 48-hour window; other windows get as many. */
const STROKES = 48;
/** At their zero nobody loses anything they wait for. */
const LESSER: ReadonlySet<Timer> = new Set(['chat_tail', 'order_life']);

@customElement('order-room-countdown')
export class CountdownPanel extends LitElement {
  @property({ attribute: false }) deadline: Deadline | null = null;
  @property() language: Language = 'fr';
  /** The server's time, in milliseconds since 1970. */
  @property({ attribute: false }) clock: () => number = Date.now;
  /** The strip of the phone's header instead of the whole card. */
  @property({ type: Boolean, reflect: true }) strip = false;

  /** Beside a nearer deadline, or one that matters less. */
  @property({ type: Boolean }) minor = false;

  @state() private now = 0;
  @state() private said = '';
  private leftBefore: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watched = '';

  override connectedCallback(): void {
    super.connectedCallback();
    this.tick();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('deadline')) {
      const key = `${this.deadline?.timer} ${this.deadline?.due}`;
      if (key !== this.watched) {
        this.watched = key;
        this.leftBefore = null;
        this.said = '';
      }
      this.now = this.clock();
    }
  }

  /** Once a second, right after the shown second changes. */
  private tick(): void {
    this.now = this.clock();
    const { deadline } = this;
    let wait = 1000;
    if (deadline) {
      const left = Date.parse(deadline.due) - this.now;
      const mark = passed(this.leftBefore, left);
      if (mark !== null) {
        this.said = textsOf(this.language).countdown.announce(inWords(mark, this.language), deadline.text ?? '');
      }
      this.leftBefore = left;
      if (left > 0) wait = left % 1000 || 1000;
    }
    this.timer = setTimeout(() => this.tick(), wait + 4);
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const { deadline, now } = this;
    if (!deadline) return html``;
    const [start, due] = [Date.parse(deadline.start), Date.parse(deadline.due)];
    const left = remaining(due, now);
    const mood = urgency(start, due, now);
    const parts = segments(left, t.units);
    const digits = html`<span class="digits" role="timer" aria-live="off" aria-label=${t.timer[deadline.timer]}>
      ${parts.map((p) => html`<span class="part"><b>${p.value}</b><i>${p.unit}</i></span>`)}
    </span>`;
    const spoken = html`<span class="sr" role="status" aria-live="polite">${this.said || nothing}</span>`;
    if (this.strip) {
      return html`<div
        class="strip ${mood}"
        data-test="countdown-strip"
        data-remaining-ms=${Math.round(left.ms)}
        data-due=${deadline.due}
      >
        ${icon('clock', 18)}${digits}<span class="short">${t.timerShort[deadline.timer]}</span>
        ${spoken}
      </div>`;
    }
    return html`<section
      class="card ${mood} ${this.minor || LESSER.has(deadline.timer) ? 'minor' : ''}"
      data-test=${this.minor ? 'countdown-later' : 'countdown'}
      data-remaining-ms=${Math.round(left.ms)}
      data-due=${deadline.due}
      data-timer=${deadline.timer}
      data-urgency=${mood}
    >
      <h2 class="heading">${t.timer[deadline.timer]}</h2>
      ${digits}
      <div
        class="ruler"
        role="progressbar"
        aria-label=${t.countdown.heading}
        aria-valuenow=${Math.round(share(start, due, now) * 100)}
        aria-valuetext=${inWords(left.ms, this.language)}
        style="--left: ${(share(start, due, now) * 100).toFixed(3)}%; --strokes: ${STROKES}"
      >
        <span class="fill"></span>
      </div>
      <p class="sentence" data-test="zero-sentence">${mood === 'over' ? t.countdown.zeroNow : deadline.text}</p>
      <p class="due"><time datetime=${deadline.due}>${t.countdown.due(dayAndTime(this.language, due))}</time></p>
      ${spoken}
    </section>`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        min-width: 0;
      }
      .card,
      .strip {
        --tone: var(--accent);
      }
      .soon {
        --tone: var(--warn);
      }
      .urgent,
      .over {
        --tone: var(--bad);
      }
      .digits {
        display: flex;
        align-items: baseline;
        gap: 12px;
        color: var(--ink);
        font-variant-numeric: tabular-nums;
      }
      .card .digits {
        margin: 4px 0 14px;
      }
      .part {
        flex: none;
        display: inline-flex;
        align-items: baseline;
        gap: 4px;
      }
      b {
        font-size: 46px;
        line-height: 1.05;
        font-weight: 650;
        letter-spacing: -0.025em;
      }
      i {
        font-style: normal;
        font-size: 17px;
        font-weight: 500;
        color: var(--muted);
      }
      .urgent b,
      .over b {
        color: var(--tone);
      }
      .ruler {
        position: relative;
        height: 18px;
        background: var(--line);
        mask: linear-gradient(90deg, #000 2px, transparent 0) 0 0 /
          round(down, calc(100% / var(--strokes)), 1px) 100%;
      }
      .ruler span {
        position: absolute;
        inset: 0 auto 0 0;
        width: var(--left);
        background: var(--tone);
        transition: width 900ms linear;
      }
      .sentence {
        margin-top: 14px;
        line-height: 1.45;
      }
      .due {
        margin-top: 6px;
        font-size: 13px;
        color: var(--muted);
      }
      .urgent.card {
        border-color: color-mix(in srgb, var(--tone) 45%, var(--line));
      }
      .minor b {
        font-size: 26px;
      }
      .minor i {
        font-size: 15px;
      }
      .minor .digits {
        margin-bottom: 0;
      }
      .minor .ruler {
        display: none;
      }
      .minor .sentence {
        margin-top: 8px;
        font-size: 15px;
      }
      /* Where there is no room for what it is until, the figures stand alone. */
      .strip {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        column-gap: 7px;
        height: 24px;
        overflow: hidden;
        font-size: 14px;
        line-height: 24px;
        color: var(--tone);
      }
      .strip .digits {
        gap: 5px;
      }
      .strip .part {
        gap: 2px;
      }
      .strip b {
        font-size: 16px;
        letter-spacing: 0;
      }
      .strip i {
        font-size: 13px;
      }
      .strip .short {
        white-space: nowrap;
        color: var(--muted);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-countdown': CountdownPanel;
  }
}
