/**
 * Says what had rather not be sent, while it is written and before it goes out.
 *
 * It never holds anything back by itself: the writer changes the words or sends them anyway.
 * Tells `edit` and `anyway`.
 */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { Finding, SecretKind } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

/** How long a pause in writing is. */
const PAUSE = 400;

/** The characters of a finding; places count code points, not UTF-16 units. */
export function seenIn(text: string, { start, end }: Pick<Finding, 'start' | 'end'>): string {
  return [...text].slice(start, end).join('');
}

@customElement('order-room-warnings')
export class Warnings extends LitElement {
  @property({ attribute: false }) room!: OrderRoom;
  @property() language: Language = 'fr';
  @property() text = '';

  @state() private findings: readonly Finding[] = [];
  /** Whether the writer wants to send: then it is asked, not only told. */
  @state() private asking = false;
  @query('[data-test="warn-anyway"], [data-test="warn-edit"]') private choice!: HTMLElement | null;
  /** The text that the findings are about. */
  private about = '';
  private timer: ReturnType<typeof setTimeout> | undefined;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.timer);
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has('text')) return;
    const text = this.text.trim();
    clearTimeout(this.timer);
    if (text === this.about) return;
    this.asking = false;
    // A finding whose words still stand stays; the others wait for the next answer.
    this.findings = text === '' ? [] : this.findings.filter((f) => text.includes(seenIn(this.about, f)));
    if (this.findings.length === 0) this.about = '';
    if (text !== '') this.timer = setTimeout(() => void this.screen(text), PAUSE);
  }

  private async screen(text: string): Promise<void> {
    const findings = await this.room.messages.screen(text);
    if (text !== this.text.trim()) return;
    this.about = text;
    this.findings = findings;
  }

  /** What was seen. */
  get kinds(): readonly SecretKind[] {
    return [...new Set(this.findings.map((f) => f.kind))];
  }

  /** Whether this text is known to hold something; if so, the question is put and has the focus. */
  holds(text: string): boolean {
    if (this.findings.length === 0 || text !== this.about) return false;
    this.asking = true;
    void this.updateComplete.then(() => this.choice?.focus());
    return true;
  }

  /** Look at what the server refused, and put the question; false if it could not be looked at. */
  async put(text: string): Promise<boolean> {
    await this.screen(text);
    return this.holds(text);
  }

  override render(): TemplateResult {
    const t = textsOf(this.language).warn;
    const { findings, about } = this;
    const refused = findings.some((f) => f.handling === 'refuse');
    const sentences = [...new Map(findings.map((f) => [f.kind, f])).values()];
    return html`<div role=${this.asking ? 'alert' : 'status'} data-test="warnings" data-kinds=${this.kinds.join(',')} data-asking=${this.asking}>
      ${findings.length > 0
        ? html`<section class=${refused ? 'refuse' : ''} aria-labelledby="heading">
            ${icon('shield', 22)}
            <div>
              <strong id="heading">${refused ? t.refuse : t.heading}</strong>
              <ul>
                ${sentences.map((f) => html`<li><q>${seenIn(about, f)}</q> ${f.text}</li>`)}
              </ul>
              ${this.asking
                ? html`<div class="choice">
                    <button data-test="warn-edit" @click=${() => this.choose('edit')}>${t.edit}</button>
                    ${refused ? nothing : html`<button data-test="warn-anyway" @click=${() => this.choose('anyway')}>${t.anyway}</button>`}
                  </div>`
                : nothing}
            </div>
          </section>`
        : nothing}
    </div>`;
  }

  private choose(what: 'edit' | 'anyway'): void {
    this.asking = false;
    this.dispatchEvent(new CustomEvent(what));
  }

  static override readonly styles = [
    base,
    css`
      section {
        display: flex;
        gap: 12px;
        margin-bottom: 8px;
        padding: 12px 14px;
        border-radius: var(--radius);
        background: var(--warn-soft);
        color: var(--warn);
        font-size: 14px;
        line-height: 1.42;
      }
      section > div {
        flex: 1;
        min-width: 0;
      }
      .refuse {
        background: var(--bad-soft);
        color: var(--bad);
      }
      li {
        margin-top: 3px;
        color: var(--ink);
        overflow-wrap: anywhere;
      }
      q {
        padding: 0 4px;
        border-radius: 4px;
        background: color-mix(in srgb, var(--warn) 18%, transparent);
        quotes: none;
        font-variant-numeric: tabular-nums;
      }
      .choice {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        margin-top: 10px;
      }
      .choice button {
        padding-inline: 13px;
        color: var(--ink);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-warnings': Warnings;
  }
}
