/** The demo's inbox page: all orders of the person in the path. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { icon } from '../icons.js';
import '../order-inbox.js';
import { base, tokens } from '../styles.js';
import { textsOf } from '../texts/index.js';
import { brand, chooseLanguage, demoToken, frame, languageSwitch, pageLanguage } from './frame.js';

@customElement('demo-inbox')
export class DemoInbox extends LitElement {
  @state() private language = pageLanguage();
  private readonly person = decodeURIComponent(location.pathname.split('/')[2] ?? '');
  /** One function for the life of the page: the element shares sockets by it. */
  private readonly token = demoToken(this.person, () => this.language);

  override render(): TemplateResult {
    const t = textsOf(this.language);
    document.title = t.demo.inbox;
    return html`
      <nav class="bar">
        ${brand(this.language)}
        <span class="grow"></span>
        <a class="item" href="/mailbox" target="_blank" title=${t.demo.mailbox}>${icon('mail', 18)}<span>${t.demo.mailbox}</span></a>
        ${languageSwitch(this.language, (language) => {
          chooseLanguage(language);
          this.language = language;
        })}
      </nav>
      <main>
        <order-inbox
          src="/ws"
          href="/demo/${encodeURIComponent(this.person)}/orders/{order}"
          .language=${this.language}
          .token=${this.token}
        ></order-inbox>
      </main>
    `;
  }

  static override readonly styles = [
    tokens,
    base,
    frame,
    css`
      :host {
        min-height: 100dvh;
      }
      main {
        max-width: 980px;
        margin: 0 auto;
        padding: 24px 24px 64px;
      }
      .item {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        gap: 8px;
        min-height: 44px;
        color: var(--ink);
        text-decoration: none;
        font-size: 15px;
      }
      .item:hover {
        text-decoration: underline;
      }
      @media (max-width: 620px) {
        main {
          padding: 16px 14px 48px;
        }
        .item {
          min-width: 44px;
        }
        .item span {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
      }
    `,
  ];
}
