/** Sending files: a button, and what is on its way. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Shared } from '../files.js';
import { icon } from '../icons.js';
import { RefusedError } from '../outbox.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { fileSize, textsOf, type Language } from '../texts/index.js';

interface Sending {
  id: string;
  file: File;
  part: number;
  /** Why it did not go; empty while it is on its way. */
  why: string;
  /** Whether trying again makes sense. */
  again: boolean;
  abort: AbortController;
}

/** The button, and the files on their way. Tells `shared` (detail: `Shared`) for each. */
@customElement('order-room-attach')
export class Attach extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  /** Only the sign, for the composer. */
  @property({ type: Boolean, reflect: true }) bare = false;

  @state() private sending: readonly Sending[] = [];
  @query('input') private input!: HTMLInputElement;
  private chain: Promise<void> = Promise.resolve();

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    for (const one of this.sending) one.abort.abort();
  }

  /** Send these files, one after the other. */
  take(files: Iterable<File>): void {
    for (const file of files) {
      const one: Sending = { id: crypto.randomUUID(), file, part: 0, why: '', again: false, abort: new AbortController() };
      const most = this.room.room?.file_max ?? 0;
      const t = textsOf(this.language).files;
      if (file.size === 0) one.why = t.empty;
      else if (most > 0 && file.size > most) one.why = t.tooLarge(fileSize(this.language, most));
      this.sending = [...this.sending, one];
      if (one.why === '') this.queue(one);
    }
  }

  private queue(one: Sending): void {
    this.chain = this.chain.then(() => this.send(one));
  }

  private async send({ id, file, abort }: Sending): Promise<void> {
    if (abort.signal.aborted) return;
    try {
      const shared = await this.room.files.share(this.room.order, file, id, (part) => this.change(id, { part }), abort.signal);
      this.forget(id);
      this.dispatchEvent(new CustomEvent<Shared>('shared', { detail: shared }));
    } catch (error) {
      if (error instanceof RefusedError) this.change(id, { why: error.message });
      else if (abort.signal.aborted) this.forget(id);
      else this.change(id, { why: textsOf(this.language).files.lost, again: true }); // the line, or the token's
    }
  }

  private change(id: string, change: Partial<Sending>): void {
    this.sending = this.sending.map((one) => (one.id === id ? { ...one, ...change } : one));
  }

  private forget(id: string): void {
    this.sending = this.sending.filter((one) => one.id !== id);
  }

  private drop(one: Sending): void {
    one.abort.abort();
    this.forget(one.id);
  }

  private retry(one: Sending): void {
    const fresh = { ...one, part: 0, why: '', again: false };
    this.sending = this.sending.map((known) => (known.id === one.id ? fresh : known));
    this.queue(fresh);
  }

  override render(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.files;
    return html`
      <input type="file" multiple hidden data-test="file-input" @change=${this.chosen} />
      ${this.bare
        ? html`<button type="button" class="quiet round" data-test="attach" aria-label=${t.attach} title=${t.attach}
            @click=${() => this.input.click()}>${icon('clip', 22)}</button>`
        : html`<button type="button" class="quiet" data-test="attach" @click=${() => this.input.click()}>${icon('clip')}${t.attach}</button>`}
      ${this.sending.length > 0 ? html`<ul>${this.sending.map((one) => this.row(one))}</ul>` : nothing}
    `;
  }

  private row(one: Sending): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.files;
    const percent = Math.floor(one.part * 100);
    return html`<li class=${one.why ? 'failed' : ''} data-test="sending" data-failed=${one.why !== ''}>
      <div class="what">
        <span class="name">${one.file.name}</span>
        <small role=${one.why ? 'alert' : nothing}>${one.why || (one.part > 0 ? t.percent(percent) : t.waiting)}</small>
        ${one.why
          ? nothing
          : html`<span class="bar" role="progressbar" aria-label=${one.file.name} aria-valuemin="0" aria-valuemax="100"
              aria-valuenow=${percent}><span style="width: ${percent}%"></span></span>`}
      </div>
      ${one.again ? html`<button type="button" data-test="sending-again" @click=${() => this.retry(one)}>${texts.retry}</button>` : nothing}
      <button type="button" class="quiet round" data-test="sending-drop" aria-label=${t.drop(one.file.name)} @click=${() => this.drop(one)}>
        ${icon('cross', 18)}
      </button>
    </li>`;
  }

  private readonly chosen = (): void => {
    this.take(this.input.files ?? []);
    this.input.value = '';
  };

  static override readonly styles = [
    base,
    css`
      :host {
        display: block;
      }
      ul {
        margin-top: 8px;
      }
      li {
        display: flex;
        align-items: center;
        gap: 8px;
        padding: 8px 4px 8px 14px;
        border: 1px solid var(--line);
        border-radius: 12px;
        background: var(--surface);
      }
      li + li {
        margin-top: 6px;
      }
      .failed {
        border-color: var(--bad);
      }
      .failed small {
        color: var(--bad);
      }
      .what {
        flex: 1;
        min-width: 0;
        font-size: 14px;
        line-height: 1.35;
      }
      .name {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      small {
        font-size: 13px;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .bar {
        display: block;
        height: 4px;
        margin-top: 5px;
        border-radius: 2px;
        background: var(--line);
        overflow: hidden;
      }
      .bar span {
        display: block;
        height: 100%;
        background: var(--accent);
        transition: width 200ms;
      }
      :host([bare]) {
        display: contents;
      }
      :host([bare]) ul {
        order: -1;
        flex: 1 0 100%;
        margin: 2px 2px 4px;
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-attach': Attach;
  }
}
