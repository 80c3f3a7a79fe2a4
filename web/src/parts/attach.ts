/** Sending files: a button, and what is on its way. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Connection } from '../connection.js';
import type { Shared } from '../files.js';
import { forget, keep, unfinished, type Kept } from '../unsent-files.js';
import { icon } from '../icons.js';
import { RefusedError } from '../outbox.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { fileSize, textsOf, type Language } from '../texts/index.js';

type Stage = 'waiting' | 'sending' | 'checking' | 'paused' | 'broken' | 'failed';

interface Sending {
  sent: Kept;
  /** Bytes that the server has. */
  bytes: number;
  stage: Stage;
  /** Why it did not go. */
  why: string;
  abort: AbortController;
}

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 30_000;

/** The button, and the files on their way. Tells `shared` (detail: `Shared`) for each. */
@customElement('order-room-attach')
export class Attach extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  /** Only the sign, for the composer; what is on its way there outlives the page. */
  @property({ type: Boolean, reflect: true }) bare = false;

  @state() private sending: readonly Sending[] = [];
  @query('input') private input!: HTMLInputElement;
  private chain: Promise<void> = Promise.resolve();
  private leave: (() => void) | null = null;
  private watched: Connection | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private restored = '';

  override updated(): void {
    if (this.watched !== this.room.connection) {
      this.leave?.();
      this.watched = this.room.connection;
      this.leave = this.watched.watch(() => this.lineTurned());
    }
    const person = this.room.me?.person;
    if (!this.bare || person === undefined || this.restored === this.room.order) return;
    this.restored = this.room.order;
    void this.restore(this.room.order, person);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.leave?.();
    this.leave = this.watched = null;
    clearTimeout(this.timer);
    for (const one of this.sending) one.abort.abort();
  }

  /** Send these files, one after the other. */
  take(files: Iterable<File>): void {
    const most = this.room.room?.file_max ?? 0;
    const t = textsOf(this.language).files;
    const person = this.room.me?.person ?? '';
    for (const file of files) {
      const sent: Kept = { id: crypto.randomUUID(), order: this.room.order, person, file, name: file.name, at: Date.now() };
      const why = file.size === 0 ? t.empty : most > 0 && file.size > most ? t.tooLarge(fileSize(this.language, most)) : '';
      this.add(sent, why);
      if (why === '' && this.bare) void keep(sent);
    }
  }

  /** Take up what an earlier page had begun. */
  private async restore(order: string, person: string): Promise<void> {
    for (const sent of await unfinished(order, person)) {
      if (!this.sending.some((one) => one.sent.id === sent.id)) this.add(sent, '');
    }
  }

  private add(sent: Kept, why: string): void {
    const one: Sending = { sent, bytes: 0, stage: why ? 'failed' : 'waiting', why, abort: new AbortController() };
    this.sending = [...this.sending, one];
    if (why === '') this.queue(one);
  }

  private queue({ sent: { id } }: Sending): void {
    this.chain = this.chain.then(() => this.send(id));
  }

  private async send(id: string): Promise<void> {
    const one = this.sending.find((other) => other.sent.id === id);
    if (!one || one.stage === 'paused' || one.abort.signal.aborted) return;
    const { sent, abort } = one;
    this.change(id, { stage: 'sending', why: '' });
    try {
      const progress = (bytes: number): void => {
        if (sent.location && bytes === 0 && this.bare) void keep(sent);
        this.change(id, { bytes, stage: bytes >= sent.file.size ? 'checking' : 'sending' });
      };
      const shared = await this.room.files.uploads().send(sent, progress, abort.signal);
      this.tries = 0;
      this.forget(id);
      this.dispatchEvent(new CustomEvent<Shared>('shared', { detail: shared }));
    } catch (error) {
      if (abort.signal.aborted) return; // paused or dropped: that is settled where it was done
      if (!(error instanceof RefusedError)) return this.broke(id);
      const over = error.frame.code === 'upload_over' || error.frame.code === 'upload_unknown';
      if (over && sent.location) return this.anew(one);
      void forget(id);
      this.change(id, { stage: 'failed', why: error.message });
    }
  }

  /** The line broke: what is left goes out when it is back, or a while later. */
  private broke(id: string): void {
    this.change(id, { stage: 'broken' });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.revive(), Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.tries));
    this.tries += 1;
  }

  private lineTurned(): void {
    if (this.room.connection.status === 'online') this.revive();
  }

  private revive(): void {
    for (const one of this.sending) {
      if (one.stage !== 'broken') continue;
      this.change(one.sent.id, { stage: 'waiting' });
      this.queue(one);
    }
  }

  /** The server no longer knows it: begin again, as another. */
  private anew({ sent }: Sending): void {
    this.forget(sent.id);
    const { location: _, ...rest } = sent;
    const fresh = { ...rest, id: crypto.randomUUID() };
    if (this.bare) void keep(fresh);
    this.add(fresh, '');
  }

  private change(id: string, change: Partial<Sending>): void {
    this.sending = this.sending.map((one) => (one.sent.id === id ? { ...one, ...change } : one));
  }

  private forget(id: string): void {
    this.sending = this.sending.filter((one) => one.sent.id !== id);
    void forget(id);
  }

  private drop(one: Sending): void {
    one.abort.abort();
    this.forget(one.sent.id);
    void this.room.files.uploads().cancel(one.sent);
    this.focusNext('[data-test="attach"]');
  }

  private halt(one: Sending): void {
    one.abort.abort();
    this.change(one.sent.id, { stage: 'paused', abort: new AbortController() });
    this.focusNext(`[data-id="${one.sent.id}"] [data-test="sending-again"]`);
  }

  private resume(one: Sending): void {
    this.change(one.sent.id, { stage: 'waiting', why: '' });
    this.queue(one);
    this.focusNext(`[data-id="${one.sent.id}"] [data-test="sending-drop"]`);
  }

  /** The button that was pressed goes away: whoever uses no mouse is not thrown back to the beginning. */
  private focusNext(selector: string): void {
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(selector)?.focus());
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
    const { sent, stage } = one;
    const percent = sent.file.size > 0 ? Math.floor((one.bytes / sent.file.size) * 100) : 0;
    const said: Record<Stage, string> = {
      waiting: t.waiting,
      sending: t.percent(percent),
      checking: texts.upload.checking,
      paused: texts.upload.paused(percent),
      broken: texts.upload.resuming,
      failed: one.why,
    };
    return html`<li class=${stage} data-id=${sent.id} data-test="sending" data-stage=${stage} data-failed=${stage === 'failed'}>
      <div class="what">
        <span class="name">${sent.name}</span>
        <small role=${stage === 'failed' ? 'alert' : nothing}>${said[stage]}</small>
        ${stage === 'failed'
          ? nothing
          : html`<span class="bar" role="progressbar" aria-label=${sent.name} aria-valuemin="0" aria-valuemax="100"
              aria-valuenow=${percent} aria-valuetext=${said[stage]}><span style="width: ${percent}%"></span></span>`}
      </div>
      ${stage === 'sending' || stage === 'waiting'
        ? html`<button type="button" class="quiet round" data-test="sending-pause" aria-label="${texts.upload.pause}: ${sent.name}" title=${texts.upload.pause}
            @click=${() => this.halt(one)}>${icon('pause', 18)}</button>`
        : stage === 'paused' || stage === 'broken'
          ? html`<button type="button" data-test="sending-again" @click=${() => this.resume(one)}>${texts.upload.again}</button>`
          : nothing}
      <button type="button" class="quiet round" data-test="sending-drop" aria-label=${t.drop(sent.name)} title=${t.drop(sent.name)} @click=${() => this.drop(one)}>
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
      /* On the narrowest phones the buttons stand below the name. */
      @media (max-width: 374px) {
        li:has([data-test='sending-again']) {
          flex-wrap: wrap;
          justify-content: flex-end;
        }
        li:has([data-test='sending-again']) .what {
          flex: 1 0 100%;
        }
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
        flex: 0 0 calc(100% - 4px);
        min-width: 0;
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
