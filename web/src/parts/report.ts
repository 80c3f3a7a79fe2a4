/** Telling the marketplace about a message or about the other person. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { wordsOf } from '../aftermath.js';
import type { Entry, ReportReason } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';
import { dialogLook } from './dialog.js';
import { sharedOf } from './message.js';
import { snippet } from '../excerpts.js';
import { titleOf } from '../files.js';
import { Sending } from './sending.js';

@customElement('order-room-report')
export class Report extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';

  @state() private step: 'shut' | 'asking' | 'thanks' = 'shut';
  @state() private about: Entry | null = null;
  @state() private reason: ReportReason | null = null;
  @query('dialog') private dialog!: HTMLDialogElement;
  @query('textarea') private note!: HTMLTextAreaElement;
  private readonly sending = new Sending(this);

  /** Open the form; `about` is a message or a file, or null for the other person. */
  ask(about: Entry | null): void {
    this.about = about;
    this.reason = null;
    this.sending.begin();
    this.step = 'asking';
    void this.updateComplete.then(() => this.dialog.showModal());
  }

  private shut(): void {
    this.dialog.close();
    this.step = 'shut';
  }

  private readonly send = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const { reason } = this;
    if (!reason || this.sending.busy) return;
    const note = this.note.value.trim();
    if (!(await this.sending.send(null, () => this.room.messages.report(this.about?.seq ?? null, reason, note)))) return;
    this.step = 'thanks';
    await this.updateComplete;
    this.dialog.querySelector('button')?.focus();
  };

  override render(): TemplateResult {
    return html`<dialog
      data-test="report"
      aria-labelledby="title"
      @close=${() => (this.step = 'shut')}
      @click=${(e: Event) => e.target === this.dialog && !this.sending.busy && this.shut()}
    >
      ${this.step === 'asking' ? this.form() : this.step === 'thanks' ? this.thanks() : nothing}
    </dialog>`;
  }

  private thanks(): TemplateResult {
    const t = textsOf(this.language);
    return html`<h2 id="title">${t.safety.reportTitle}</h2>
      <p role="status" data-test="report-sent">${t.safety.reported}</p>
      <div class="choice"><button data-test="report-close" @click=${() => this.shut()}>${t.close}</button></div>`;
  }

  private form(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.safety;
    const { about } = this;
    const after = about && this.room.aftermath.of.get(about.seq);
    const shared = about && sharedOf(about, undefined);
    const words = about ? (shared ? titleOf(shared, this.language) : wordsOf(about, after ?? undefined)) : null;
    return html`<form method="dialog" @submit=${this.send}>
      <h2 id="title">${t.reportTitle}</h2>
      <p>${t.reportBody(this.room.other?.name ?? texts.someone)}</p>
      ${words ? html`<p class="about">${t.reportMessage}</p><blockquote>${snippet(words)}</blockquote>` : nothing}
      <fieldset>
        <legend>${t.reason}</legend>
        ${(Object.keys(t.reasons) as ReportReason[]).map(
          (reason) => html`<label class="reason">
            <input type="radio" name="reason" required value=${reason} data-test="reason-${reason}"
              .checked=${this.reason === reason} @change=${() => (this.reason = reason)} />
            <span>${t.reasons[reason]}</span>
          </label>`,
        )}
      </fieldset>
      <label>
        <span>${t.note} ${this.reason === 'other' ? nothing : html`<i>${texts.optional}</i>`}</span>
        <textarea rows="3" data-test="report-note" maxlength=${this.room.room?.note_max ?? 1000} ?required=${this.reason === 'other'}></textarea>
      </label>
      ${this.sending.refused(null)}
      <div class="choice">
        <button type="button" @click=${() => this.shut()}>${texts.cancelDialog}</button>
        <button class="primary" type="submit" data-test="report-send" ?disabled=${this.sending.busy}>${this.sending.busy ? texts.sending : t.send}</button>
      </div>
    </form>`;
  }

  static override readonly styles = [
    base,
    dialogLook,
    css`
      .about {
        margin-top: 14px;
        font-size: 14px;
        color: var(--muted);
      }
      blockquote {
        margin: 4px 0 0;
        padding-left: 10px;
        border-left: 2px solid var(--line);
        overflow-wrap: anywhere;
      }
      fieldset {
        margin: 18px 0 0;
        padding: 0;
        border: 0;
      }
      legend {
        margin-bottom: 4px;
        padding: 0;
        font-size: 14px;
        font-weight: 600;
      }
      .reason {
        display: flex;
        align-items: center;
        gap: 12px;
        min-height: 44px;
        margin: 0;
        cursor: pointer;
      }
      .reason input {
        width: 18px;
        height: 18px;
        accent-color: var(--accent);
      }
      .reason span {
        margin: 0;
        font-size: 15px;
        font-weight: 400;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-report': Report;
  }
}
