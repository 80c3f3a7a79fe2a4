/** What was recorded of a call: one player per voice, and erasing it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import { RefusedError } from '../outbox.js';
import type { RecordedVoice } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { shortDate, textsOf, type Language } from '../texts/index.js';
import './sound.js';

@customElement('order-room-recorded')
export class Recorded extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() recording = '';
  @property({ attribute: false }) voices: readonly RecordedVoice[] = [];
  @property() until = '';
  @property({ type: Boolean }) cut = false;
  @property() me = '';
  @property({ attribute: false }) name: (person: string) => string = (person) => person;
  @property() language: Language = 'fr';

  @state() private sure = false;
  @state() private refusal = '';

  private async link(file: string): Promise<string | null> {
    this.refusal = '';
    try {
      return (await this.room.files.link(this.room.order, file)).url;
    } catch (error) {
      this.explain(error);
      return null;
    }
  }

  private async save(file: string, name: string): Promise<void> {
    const address = await this.link(file);
    if (address === null) return;
    const link = document.createElement('a');
    link.href = address;
    link.target = '_blank';
    link.rel = 'noopener noreferrer';
    link.download = `${name}.opus`; // it can be heard here: this is to keep it
    link.click();
  }

  private async erase(): Promise<void> {
    try {
      await this.room.record({ t: 'recording.erase', recording: this.recording });
    } catch (error) {
      this.explain(error);
    }
    this.sure = false;
  }

  private explain(error: unknown): void {
    this.refusal = error instanceof RefusedError ? error.message : textsOf(this.language).files.lost;
  }

  override render(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.recording;
    const party = this.voices.some((voice) => voice.person === this.me) || this.room.situation?.role !== 'mediator';
    return html`<ul>
        ${this.voices.map((voice) => {
          const name = t.voice(voice.person === this.me, this.name(voice.person));
          return html`<li data-test="recorded-voice" data-file=${voice.file} data-person=${voice.person}>
            <span>${name}</span>
            <order-room-sound .name=${name} .millis=${voice.seconds * 1000} .language=${this.language} .address=${() => this.link(voice.file)}></order-room-sound>
            <button class="quiet round" data-test="recorded-save" aria-label=${texts.files.save(name)} title=${texts.files.save(name)} @click=${() => this.save(voice.file, name)}>${icon('down', 18)}</button>
          </li>`;
        })}
      </ul>
      <p class="hint">
        ${t.until(shortDate(this.language, this.until))}${this.cut ? html`. ${t.cut}` : nothing}${this.voices.some((voice) => voice.lost) ? html`. ${t.lost}` : nothing}
      </p>
      ${!party
        ? nothing
        : this.sure
          ? html`<div class="sure" role="group" aria-label=${t.eraseSure}>
              <p>${t.eraseSure}</p>
              <button class="danger" data-test="recorded-erase-yes" @click=${() => this.erase()}>${t.eraseYes}</button>
              <button data-test="recorded-erase-no" @click=${() => (this.sure = false)}>${texts.cancelDialog}</button>
            </div>`
          : html`<button class="link" data-test="recorded-erase" @click=${() => (this.sure = true)}>${t.erase}</button>`}
      ${this.refusal ? html`<p class="refusal" role="alert">${this.refusal}</p>` : nothing}`;
  }

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
        margin-top: 6px;
      }
      ul {
        display: grid;
        gap: 8px;
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: center;
        gap: 2px 8px;
      }
      li span {
        grid-column: 1 / -1;
        font-weight: 600;
      }
      .hint {
        margin: 6px 0 0;
        color: var(--muted);
        font-size: 13.5px;
      }
      .sure {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 8px;
        margin-top: 6px;
      }
      .sure p {
        flex-basis: 100%;
      }
    `,
  ];
}
