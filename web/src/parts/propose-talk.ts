/** Proposing one to three times to talk: a button, and the dialog behind it. */
import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { localValue, suggested, TIMES } from '../call-agreements.js';
import { textsOf, type Language } from '../texts/index.js';
import { dialogLook, openerLook } from './dialog.js';
import { Sending } from './sending.js';

const STEP = 5 * 60_000;
const LEAST_AHEAD = 10 * 60_000;

@customElement('order-room-propose-talk')
export class ProposeTalk extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  @property({ attribute: false }) clock: () => number = Date.now;
  /** Whether the button is one of the main ones, as after a call that nobody answered. */
  @property({ type: Boolean, reflect: true }) prominent = false;

  @state() private asking = false;
  @query('dialog') private dialog!: HTMLDialogElement;
  private readonly sending = new Sending(this);

  override render(): TemplateResult {
    const t = textsOf(this.language).talk;
    return html`<button class=${this.prominent ? '' : 'quiet'} data-test="talk-propose" @click=${this.ask}>
        ${icon('clock', 18)}${t.propose}
      </button>
      <dialog data-test="talk-dialog" aria-labelledby="title" @close=${() => (this.asking = false)}
        @click=${(e: Event) => e.target === this.dialog && !this.sending.busy && this.dialog.close()}>
        ${this.asking ? this.form() : nothing}
      </dialog>`;
  }

  private form(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.talk;
    const times = suggested(this.clock());
    // steps count from the least: it lies on one
    const least = localValue(Math.ceil((this.clock() + LEAST_AHEAD) / STEP) * STEP);
    return html`<form method="dialog" @submit=${this.submitted}>
      <h2 id="title">${t.proposeTitle}</h2>
      <p>${t.proposeBody(this.room.other?.name ?? '')}</p>
      ${Array.from(
        { length: TIMES },
        (_, n) => html`<label>
          <span>${t.time(n + 1)}</span>
          <input type="datetime-local" name="time" data-test="talk-time" min=${least} step=${STEP / 1000}
            .value=${times[n] === undefined ? '' : localValue(times[n])} />
        </label>`,
      )}
      <label>
        <span>${texts.proposal.note} <i>${texts.optional}</i></span>
        <textarea name="note" rows="2" data-test="talk-note" maxlength=${this.room.room?.note_max ?? 1000}></textarea>
      </label>
      ${this.sending.refused(null)}
      <div class="choice">
        <button type="button" @click=${() => this.dialog.close()}>${texts.cancelDialog}</button>
        <button class="primary" type="submit" data-test="talk-confirm" ?disabled=${this.sending.busy}>
          ${this.sending.busy ? texts.sending : t.yes}
        </button>
      </div>
    </form>`;
  }

  private readonly ask = async (): Promise<void> => {
    this.sending.begin();
    this.asking = true;
    await this.updateComplete;
    this.dialog.showModal();
  };

  private readonly submitted = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const times = [...new Set(form.getAll('time').map(String))].filter((value) => value !== '');
    if (times.length === 0) {
      this.sending.refuse(null, textsOf(this.language).talk.none);
      return;
    }
    const note = String(form.get('note') ?? '').trim();
    const instants = times.map((value) => new Date(value).toISOString());
    if (await this.sending.send(null, () => this.room.process.proposeTalk(instants, note))) this.dialog.close();
  };

  static override readonly styles = [base, dialogLook, openerLook];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-propose-talk': ProposeTalk;
  }
}
