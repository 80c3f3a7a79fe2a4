/** Sending files: a button, and what is on its way. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { fileSize, textsOf, type Language } from '../texts/index.js';
import type { Stage, Transfer, Transfers } from '../transfers.js';

@customElement('order-room-attach')
export class Attach extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property({ attribute: false }) transfers!: Transfers;
  /** What is on its way. */
  @property({ attribute: false }) list: readonly Transfer[] = [];
  @property() language: Language = 'fr';
  /** Only the sign, for the composer. */
  @property({ type: Boolean, reflect: true }) bare = false;
  /** Nothing can be added now. */
  @property({ type: Boolean }) closed = false;

  @query('input') private input!: HTMLInputElement | null;

  /** Send these files, one after the other. */
  take(files: Iterable<File>): void {
    this.transfers.take(files, this.room.me?.person ?? '', this.room.room?.file_max ?? 0);
  }

  private drop({ sent }: Transfer): void {
    this.transfers.drop(sent.id);
    void this.focusNext('[data-test="attach"]');
  }

  private pause({ sent }: Transfer): void {
    this.transfers.pause(sent.id);
    void this.focusNext(`[data-id="${sent.id}"] [data-test="sending-again"]`);
  }

  private resume({ sent }: Transfer): void {
    this.transfers.resume(sent.id);
    void this.focusNext(`[data-id="${sent.id}"] [data-test="sending-drop"]`);
  }

  /** The button that was pressed goes away: whoever uses no mouse is not thrown back to the beginning. */
  private async focusNext(selector: string): Promise<void> {
    await new Promise(requestAnimationFrame); // what shows the list hands it down
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>(selector)?.focus();
  }

  override render(): TemplateResult {
    const texts = textsOf(this.language);
    const t = texts.files;
    return html`
      ${this.closed ? nothing : this.button(t.attach)}
      ${this.list.length > 0 ? html`<ul>${this.list.map((one) => this.row(one))}</ul>` : nothing}
    `;
  }

  private button(label: string): TemplateResult {
    return html`
      <input type="file" multiple hidden data-test="file-input" @change=${this.chosen} />
      ${this.bare
        ? html`<button type="button" class="quiet round" data-test="attach" aria-label=${label} title=${label}
            @click=${() => this.input?.click()}>${icon('clip', 22)}</button>`
        : html`<button type="button" class="quiet" data-test="attach" @click=${() => this.input?.click()}>${icon('clip')}${label}</button>`}
    `;
  }

  private row(one: Transfer): TemplateResult {
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
      failed: this.reason(one),
    };
    return html`<li class=${stage} data-id=${sent.id} data-test="sending" data-stage=${stage} data-failed=${stage === 'failed'}>
      <div class="what">
        <span class="name">${sent.name}</span>
        <small role=${stage === 'failed' ? 'alert' : nothing}>${said[stage]}</small>
        ${stage === 'failed'
          ? nothing
          : html`<span class="bar" role="progressbar" aria-label=${sent.name} aria-valuemin="0" aria-valuemax="100"
              aria-valuenow=${percent} aria-valuetext=${said[stage]}><span class="fill" style="width: ${percent}%"></span></span>`}
      </div>
      ${stage === 'sending' || stage === 'waiting'
        ? html`<button type="button" class="quiet round" data-test="sending-pause" aria-label="${texts.upload.pause}: ${sent.name}" title=${texts.upload.pause}
            @click=${() => this.pause(one)}>${icon('pause', 18)}</button>`
        : stage === 'paused' || stage === 'broken'
          ? html`<button type="button" data-test="sending-again" @click=${() => this.resume(one)}>${texts.upload.again}</button>`
          : nothing}
      <button type="button" class="quiet round" data-test="sending-drop" aria-label=${t.drop(sent.name)} title=${t.drop(sent.name)} @click=${() => this.drop(one)}>
        ${icon('cross', 18)}
      </button>
    </li>`;
  }

  private reason({ fault, why }: Transfer): string {
    const t = textsOf(this.language).files;
    if (fault === 'empty') return t.empty;
    return fault === 'too_large' ? t.tooLarge(fileSize(this.language, this.room.room?.file_max ?? 0)) : why;
  }

  private readonly chosen = (): void => {
    if (!this.input) return;
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
