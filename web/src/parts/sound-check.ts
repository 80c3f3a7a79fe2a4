/** Microphone and speaker of this device: chosen, and tested over the way of a call. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { Call } from '../call.js';
import { EchoTest } from '../echo-test.js';
import { icon, type Icon } from '../icons.js';
import { playOn, type Device } from '../media.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';

const BARS = 24;
const SIGNS: Readonly<Record<string, Icon>> = { heard: 'done', silent: 'micOff', lost: 'alert', blocked: 'offline' };

@customElement('order-room-sound-check')
export class SoundCheck extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) call!: Call;
  @property() language: Language = 'fr';
  /** Changes whenever the call may have. */
  @property({ type: Number }) revision = 0;

  @query('dialog') private dialog!: HTMLDialogElement;
  @query('.returned') private returned!: HTMLAudioElement;
  @query('.audible') private audible!: HTMLAudioElement;
  private test: EchoTest | null = null;
  private frame = 0;
  private wasQuiet = true;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.shut();
  }

  show(): void {
    this.test ??= new EchoTest(this.room, () => this.requestUpdate());
    this.plugged();
    navigator.mediaDevices?.addEventListener('devicechange', this.plugged);
    this.requestUpdate();
    this.dialog.showModal();
  }

  get open(): boolean {
    return this.dialog.open;
  }

  private get quiet(): boolean {
    return this.call.state === 'idle' || this.call.state === 'ended';
  }

  private readonly plugged = (): void => void this.call.sound.lookForDevices();

  private readonly shut = (): void => {
    navigator.mediaDevices?.removeEventListener('devicechange', this.plugged);
    this.test?.stop();
    this.test = null;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.dispatchEvent(new CustomEvent('shut'));
  };

  override updated(changed: PropertyValues): void {
    super.updated(changed);
    const { test, quiet } = this;
    // a call that comes is not to be hidden, nor disturbed by its own test
    if (this.wasQuiet && !quiet && this.dialog.open) this.dialog.close();
    this.wasQuiet = quiet;
    if (test?.state === 'heard') this.call.soundIsKnown();
    for (const [player, stream] of [[this.returned, test?.returned], [this.audible, test?.audible]] as const) {
      if (player.srcObject === (stream ?? null)) continue;
      player.srcObject = stream ?? null;
      if (stream) void player.play().catch(() => undefined);
    }
    void playOn(this.audible, this.call.sound.speaker);
    if (test?.mine && !this.frame) this.frame = requestAnimationFrame(this.draw);
  }

  /** The button is not disabled while the test opens: it would lose the focus. */
  private readonly pressed = (): void => {
    const { test } = this;
    if (test?.state === 'opening') return;
    if (test?.running && test.state !== 'heard') test.stop();
    else void test?.start(this.call.sound.device);
  };

  private readonly draw = (): void => {
    const mine = this.test?.mine;
    this.frame = mine ? requestAnimationFrame(this.draw) : 0;
    this.renderRoot.querySelector<HTMLElement>('.bars')?.style.setProperty('--level', (mine?.level() ?? 0).toFixed(3));
  };

  private async choose(microphone: string): Promise<void> {
    await this.call.sound.choose(microphone);
    if (this.test?.running) await this.test.start(microphone);
  }

  override render(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.sound.check;
    const { call, test } = this;
    const state = test?.state ?? 'idle';
    const trouble = test?.trouble ? texts.call.mic[test.trouble] : (test?.refusal ?? '');
    const said = trouble || t.state[state];
    const running = test?.running ?? false;
    return html`<dialog data-test="sound-check" data-state=${state} aria-labelledby="title" @close=${this.shut}>
      <h2 id="title">${this.quiet ? t.title : t.settings}</h2>
      ${this.quiet
        ? html`<p>${t.body}</p>
            <div class="stage ${state}">
              <div class="bars" aria-hidden="true">${Array.from({ length: BARS }, (_, i) => html`<i class="fill" style="--at: ${(i / BARS).toFixed(2)}"></i>`)}</div>
              <p role="status" class=${trouble ? 'bad' : state} data-test="sound-check-result">
                ${trouble ? icon('alert', 18) : SIGNS[state] ? icon(SIGNS[state], 18) : nothing}<span>${said}</span>
              </p>
            </div>`
        : nothing}
      ${this.select('microphone', texts.call.microphone, call.sound.devices, call.sound.device ?? '', (id) => this.choose(id))}
      ${this.select('speaker', t.speaker, call.sound.speakers, call.sound.speaker, (id) => call.sound.chooseSpeaker(id))}
      ${!this.quiet && call.sound.devices.length < 2 && call.sound.speakers.length < 2 ? html`<p>${t.onlyOne}</p>` : nothing}
      <div class="choice">
        <button class=${state === 'heard' ? 'primary' : ''} data-test="sound-check-close" @click=${() => this.dialog.close()}>${texts.close}</button>
        ${this.quiet
          ? html`<button class=${state === 'heard' ? '' : 'primary'} data-test="sound-check-start" aria-disabled=${state === 'opening' ? 'true' : nothing}
              @click=${this.pressed}>
              ${state === 'opening' || state === 'idle' ? t.start : running && state !== 'heard' ? t.stop : t.again}
            </button>`
          : nothing}
      </div>
      <audio class="returned" .muted=${true} hidden></audio>
      <audio class="audible" hidden data-test="echo-audio"></audio>
    </dialog>`;
  }

  private select(
    what: string,
    name: string,
    devices: readonly Device[],
    chosen: string,
    choose: (id: string) => unknown,
  ): TemplateResult | typeof nothing {
    if (devices.length < 2) return nothing;
    return html`<label>
      <span>${name}</span>
      <select data-test="sound-check-${what}" @change=${(e: Event) => choose((e.target as HTMLSelectElement).value)}>
        ${devices.map((d) => html`<option value=${d.id} ?selected=${d.id === chosen}>${d.label}</option>`)}
      </select>
    </label>`;
  }

  static override readonly styles = [
    base,
    dialogLook,
    css`
      .stage {
        margin-top: 18px;
        padding: 18px;
        border-radius: 14px;
        background: var(--sunken);
      }
      .bars {
        --level: 0;
        display: flex;
        gap: 4px;
      }
      .bars i {
        flex: 1;
        height: 20px;
        border-radius: 3px;
        background: var(--accent);
        opacity: clamp(0.16, calc((var(--level) - var(--at)) * 40), 1);
      }
      .stage p {
        display: flex;
        gap: 8px;
        min-height: 2.9em;
        margin-top: 14px;
        font-size: 14.5px;
        line-height: 1.45;
        color: var(--muted);
      }
      .stage p .icon {
        flex: none;
        margin-top: 2px;
      }
      .stage p.heard {
        color: var(--accent-strong);
        font-weight: 600;
      }
      .stage p.silent,
      .stage p.lost,
      .stage p.blocked,
      .stage p.bad {
        color: var(--bad);
      }
      select {
        min-height: 44px;
        width: 100%;
        padding: 0 10px;
        border: 1px solid var(--line);
        border-radius: 11px;
        background: var(--paper);
        color: var(--ink);
        text-overflow: ellipsis;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-sound-check': SoundCheck;
  }
}
