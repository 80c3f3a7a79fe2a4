/** The demo's mailbox: every e-mail the service sent, as its reader would see it. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../icons.js';
import { base, tokens } from '../styles.js';
import { dayAndTime, shortDate, textsOf } from '../texts/index.js';
import { brand, chooseLanguage, fetchJson, frame, languageSwitch, pageLanguage } from './frame.js';

interface Mail {
  id: string;
  at: string;
  to: string;
  to_name: string;
  subject: string;
  kind: string;
  order: string;
  text: string;
}

const RELOAD_EVERY = 4_000;

@customElement('demo-mailbox')
export class DemoMailbox extends LitElement {
  @state() private language = pageLanguage();
  @state() private mails: Mail[] | null = null;
  @state() private failed = false;
  @state() private picked: string | null = null;
  @state() private plain = false;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
    setInterval(() => document.visibilityState === 'visible' && void this.load(), RELOAD_EVERY);
  }

  private async load(): Promise<void> {
    try {
      this.mails = (await fetchJson<{ mails: Mail[] }>('/demo/mails')).mails;
      this.failed = false;
    } catch {
      this.failed = true;
    }
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    document.title = t.mailbox.title;
    const mail = this.mails?.find((m) => m.id === this.picked) ?? null;
    return html`
      <nav class="bar">
        ${brand(this.language)}
        <span class="grow"></span>
        ${languageSwitch(this.language, (language) => {
          chooseLanguage(language);
          this.language = language;
        })}
      </nav>
      <main class=${mail ? 'reading' : ''}>
        <section class="list">
          <h1>${t.mailbox.title}</h1>
          <p class="lead">${t.mailbox.lead}</p>
          ${this.failed ? html`<p class="refusal" role="alert">${icon('alert')}${t.mailbox.failed}</p>` : nothing}
          ${this.mails?.length === 0
            ? html`<div class="empty">${icon('mail', 28)}<strong>${t.mailbox.empty}</strong><p>${t.mailbox.emptyHint}</p></div>`
            : nothing}
          <ul>
            ${repeat(this.mails ?? [], (m) => m.id, (m) => this.line(m))}
          </ul>
        </section>
        <section class="letter" aria-live="polite">
          ${mail ? this.letter(mail) : this.mails?.length ? html`<p class="pick">${t.mailbox.pick}</p>` : nothing}
        </section>
      </main>
    `;
  }

  private line(mail: Mail): TemplateResult {
    const t = textsOf(this.language).mailbox;
    return html`<li>
      <button
        class="mail"
        data-test="mail"
        data-kind=${mail.kind}
        data-to=${mail.to}
        aria-current=${mail.id === this.picked}
        @click=${() => (this.picked = mail.id)}
      >
        <span class="who">${mail.to_name || mail.to}<time datetime=${mail.at}>${shortDate(this.language, mail.at)}</time></span>
        <strong>${mail.subject}</strong>
        <small>${t.kind[mail.kind] ?? mail.kind}</small>
      </button>
    </li>`;
  }

  private letter(mail: Mail): TemplateResult {
    const t = textsOf(this.language).mailbox;
    return html`
      <button class="quiet back" @click=${() => (this.picked = null)}>${icon('back', 18)}${t.back}</button>
      <header>
        <h2>${mail.subject}</h2>
        <p>${t.to} ${mail.to_name} &lt;${mail.to}&gt;<span>${dayAndTime(this.language, mail.at)}</span></p>
        <div class="views" role="group">
          <button aria-pressed=${!this.plain} @click=${() => (this.plain = false)}>${t.html}</button>
          <button aria-pressed=${this.plain} @click=${() => (this.plain = true)}>${t.text}</button>
        </div>
      </header>
      ${this.plain
        ? html`<pre data-test="mail-text">${mail.text}</pre>`
        : html`<iframe sandbox title=${mail.subject} src="/demo/mails/${encodeURIComponent(mail.id)}/html" data-test="mail-html"></iframe>`}
    `;
  }

  static override readonly styles = [
    tokens,
    base,
    frame,
    css`
      :host {
        display: flex;
        flex-direction: column;
        height: 100dvh;
      }
      main {
        flex: 1;
        display: grid;
        grid-template-columns: minmax(300px, 400px) minmax(0, 1fr);
        min-height: 0;
        border-top: 1px solid var(--line);
      }
      .list {
        overflow-y: auto;
        padding: 24px 16px 32px 24px;
        border-right: 1px solid var(--line);
        scrollbar-width: thin;
      }
      h1 {
        font-size: 24px;
        letter-spacing: -0.02em;
      }
      .lead {
        margin: 4px 0 18px;
        color: var(--muted);
        font-size: 15px;
      }
      ul {
        display: grid;
        gap: 4px;
      }
      .mail {
        display: grid;
        justify-content: stretch;
        gap: 1px;
        width: 100%;
        padding: 11px 14px;
        border-color: transparent;
        background: transparent;
        text-align: left;
        font-weight: 400;
        line-height: 1.35;
        overflow-wrap: anywhere;
      }
      .mail:hover {
        background: var(--sunken);
      }
      .mail[aria-current='true'] {
        background: var(--surface);
        border-color: var(--line);
      }
      .who {
        display: flex;
        justify-content: space-between;
        gap: 12px;
        font-size: 14px;
        color: var(--muted);
      }
      .mail time {
        font-size: 13px;
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      .mail strong {
        font-weight: 600;
        font-size: 15px;
      }
      .mail small {
        font-size: 13px;
        color: var(--muted);
      }
      .mail small::first-letter {
        text-transform: uppercase;
      }
      .letter {
        display: flex;
        flex-direction: column;
        min-height: 0;
        background: var(--surface);
      }
      .letter header {
        display: grid;
        grid-template-columns: 1fr auto;
        gap: 4px 20px;
        padding: 22px 28px 18px;
        border-bottom: 1px solid var(--line);
      }
      .letter h2 {
        font-size: 20px;
        line-height: 1.3;
        letter-spacing: -0.01em;
        overflow-wrap: anywhere;
      }
      .letter header p {
        grid-column: 1;
        font-size: 14px;
        color: var(--muted);
        overflow-wrap: anywhere;
      }
      .letter header p span {
        margin-left: 14px;
        white-space: nowrap;
      }
      .views {
        grid-area: 1 / 2 / 3 / 3;
        display: flex;
        align-self: center;
      }
      .views button {
        font-size: 14px;
        font-weight: 500;
        border-radius: 11px 0 0 11px;
      }
      .views button + button {
        margin-left: -1px;
        border-radius: 0 11px 11px 0;
      }
      .views [aria-pressed='true'] {
        background: var(--accent-soft);
        color: var(--accent-strong);
        font-weight: 600;
      }
      iframe {
        flex: 1;
        width: 100%;
        border: 0;
        background: #fff;
      }
      pre {
        flex: 1;
        margin: 0;
        padding: 24px 28px;
        overflow: auto;
        font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'Liberation Mono', monospace;
        font-size: 14px;
        line-height: 1.6;
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .pick,
      .empty {
        display: grid;
        justify-items: center;
        align-content: center;
        gap: 6px;
        margin: auto;
        padding: 32px 16px;
        text-align: center;
        color: var(--muted);
      }
      .empty .icon {
        color: var(--accent);
      }
      .empty strong {
        color: var(--ink);
      }
      .back {
        display: none;
      }
      @media (max-width: 760px) {
        main {
          grid-template-columns: 1fr;
        }
        .list {
          padding: 18px 10px 24px;
          border: 0;
        }
        .lead,
        h1 {
          padding: 0 6px;
        }
        .letter,
        .reading .list {
          display: none;
        }
        .reading .letter {
          display: flex;
        }
        .back {
          display: inline-flex;
          align-self: flex-start;
          margin: 4px 6px 0;
        }
        .letter header {
          grid-template-columns: 1fr;
          padding: 6px 18px 14px;
        }
        .views {
          grid-area: auto;
          justify-self: start;
          margin-top: 10px;
        }
        .letter header p span {
          display: block;
          margin: 0;
        }
      }
    `,
  ];
}
