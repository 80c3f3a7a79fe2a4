/** The demo's home: the orders, and a door for each party. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { inWords, ServerClock } from '../countdown.js';
import { icon } from '../icons.js';
import type { Role, State } from '../protocol.js';
import { base, tokens } from '../styles.js';
import { languageOf, money, textsOf } from '../texts/index.js';
import { brand, chooseLanguage, fetchJson, frame, languageSwitch, pageLanguage } from './frame.js';

interface DemoOrder {
  order: string;
  title: string;
  category: string;
  state: State;
  language: string;
  price_cents: number;
  currency: string;
  due: string | null;
  people: { person: string; role: Role; name: string; language: string }[];
}

const RELOAD_EVERY = 5_000;

@customElement('demo-home')
export class DemoHome extends LitElement {
  @state() private language = pageLanguage();
  @state() private orders: DemoOrder[] | null = null;
  @state() private failed = false;
  @state() private resetting = false;
  @state() private second = 0;
  private readonly clock = new ServerClock();

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
    setInterval(() => document.visibilityState === 'visible' && void this.load(), RELOAD_EVERY);
    setInterval(() => (this.second += 1), 1000);
  }

  private async load(): Promise<void> {
    const asked = performance.now();
    try {
      const { now, orders } = await fetchJson<{ now: string; orders: DemoOrder[] }>('/demo/orders');
      const heard = performance.now();
      this.clock.observe(Date.parse(now), heard, heard - asked);
      this.orders = orders;
      this.failed = false;
    } catch {
      this.failed = true;
    }
  }

  private async reset(): Promise<void> {
    this.resetting = true;
    try {
      await fetchJson('/demo/reset', 'POST');
      await this.load();
    } catch {
      this.failed = true;
    } finally {
      this.resetting = false;
    }
  }

  override render(): TemplateResult {
    const t = textsOf(this.language);
    document.title = t.demo.title;
    return html`
      <nav class="bar">
        ${brand(this.language)}
        <span class="grow"></span>
        <a class="item" href="/mailbox" data-test="mailbox">${icon('mail', 18)}${t.demo.mailbox}</a>
        ${languageSwitch(this.language, (language) => {
          chooseLanguage(language);
          this.language = language;
        })}
      </nav>
      <main>
        <header>
          <h1>${t.demo.lead}</h1>
          <p>${t.demo.body}</p>
        </header>
        ${this.failed ? html`<p class="refusal" role="alert">${icon('alert')}${t.demo.failed}</p>` : nothing}
        <ul class="orders" data-second=${this.second}>
          ${this.orders?.map((order) => this.card(order)) ?? nothing}
        </ul>
        ${this.orders?.length === 0 ? html`<p class="none">${t.demo.none}</p>` : nothing}
        ${this.orders !== null || this.failed ? this.below() : nothing}
      </main>
    `;
  }

  /** What stands below the orders comes with them: it must not move away from under a finger. */
  private below(): TemplateResult {
    const t = textsOf(this.language);
    return html`
      <button class="again" data-test="reset" ?disabled=${this.resetting} @click=${() => this.reset()}>
        ${icon('refresh', 18)}${this.resetting ? t.demo.againBusy : t.demo.again}
      </button>
      <section class="tries">
        <h2>${t.demo.tryHeading}</h2>
        <dl>
          ${t.demo.tries.map(([title, body]) => html`<div><dt>${title}</dt><dd>${body}</dd></div>`)}
        </dl>
        <p class="docs"><a href="/api/docs" hreflang="en" data-test="docs">${t.demo.docs}</a></p>
      </section>
    `;
  }

  private card(order: DemoOrder): TemplateResult {
    const t = textsOf(this.language);
    const left = order.due === null ? null : Date.parse(order.due) - this.clock.now(performance.now());
    const short = left !== null && left < 10 * 60_000;
    return html`<li class="card" data-test="demo-order" data-order=${order.order} data-state=${order.state}>
      <div class="facts">
        <h2 lang=${languageOf(order.language)}>${order.title}</h2>
        <p>
          <span class="chip ${order.state}">${t.state[order.state]}</span>
          ${order.price_cents > 0 ? html`<span>${money(this.language, order.price_cents, order.currency)}</span>` : nothing}
          <span class="left ${short ? 'short' : ''}">
            ${icon('clock', 16)}${left === null ? t.demo.noClock : t.demo.zeroIn(inWords(left, this.language))}
          </span>
        </p>
      </div>
      <div class="doors">
        ${order.people.map(
          (p) => html`<a
            class="door ${p.role}"
            target="_blank"
            data-test="open-${p.role}"
            href="/demo/as/${encodeURIComponent(p.person)}?order=${encodeURIComponent(order.order)}"
            ><small>${t.demo.openAs[p.role]}</small><span>${p.name}</span></a
          >`,
        )}
      </div>
    </li>`;
  }

  static override readonly styles = [
    tokens,
    base,
    frame,
    css`
      main {
        max-width: 1040px;
        margin: 0 auto;
        padding: 32px 24px 64px;
      }
      h1 {
        max-width: 30ch;
        font-size: clamp(28px, 4.4vw, 40px);
        line-height: 1.1;
        letter-spacing: -0.03em;
        font-weight: 680;
        text-wrap: balance;
      }
      header p {
        max-width: 56ch;
        margin-top: 12px;
        font-size: 17px;
        color: var(--muted);
        text-wrap: pretty;
      }
      header {
        margin-bottom: 28px;
      }
      .item {
        display: inline-flex;
        align-items: center;
        gap: 8px;
        min-height: 44px;
        color: var(--ink);
        text-decoration: none;
        font-size: 15px;
      }
      .item:hover {
        text-decoration: underline;
      }
      .orders {
        display: grid;
        gap: 12px;
      }
      .card {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 16px 24px;
        padding: 18px 18px 18px 22px;
      }
      .facts {
        flex: 1 1 340px;
        min-width: 0;
      }
      .card h2 {
        font-size: 18px;
        line-height: 1.3;
        letter-spacing: -0.01em;
      }
      .facts p {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 6px 14px;
        margin-top: 8px;
        font-size: 14px;
        color: var(--muted);
        font-variant-numeric: tabular-nums;
      }
      .chip {
        padding: 2px 10px;
        border-radius: 14px;
        background: var(--accent-soft);
        color: var(--accent-strong);
        font-weight: 600;
      }
      .chip.cancelled,
      .chip.expired,
      .chip.frozen,
      .chip.late {
        background: var(--bad-soft);
        color: var(--bad);
      }
      .chip.closed {
        background: var(--sunken);
        color: var(--muted);
      }
      .left {
        display: inline-flex;
        align-items: center;
        gap: 6px;
      }
      .left.short {
        color: var(--bad);
        font-weight: 600;
      }
      .doors {
        display: flex;
        flex-wrap: wrap;
        gap: 8px;
        flex: 0 1 400px;
      }
      .door {
        flex: 1 1 132px;
        display: grid;
        align-content: center;
        min-height: 56px;
        padding: 8px 14px;
        border: 1px solid var(--line);
        border-radius: 11px;
        color: var(--ink);
        font-size: 15px;
        font-weight: 600;
        line-height: 1.25;
        text-decoration: none;
        transition: border-color 120ms;
      }
      .door:hover {
        border-color: var(--accent);
        color: var(--accent-strong);
      }
      .door small {
        font-size: 13px;
        font-weight: 400;
        color: var(--muted);
      }
      .again {
        margin-top: 16px;
      }
      .none {
        color: var(--muted);
      }
      .tries {
        margin-top: 56px;
        padding-top: 28px;
        border-top: 1px solid var(--line);
      }
      .docs {
        margin-top: 20px;
      }
      .docs a {
        display: inline-block;
        padding: 10px 0;
        color: var(--accent);
      }
      .tries h2 {
        font-size: 20px;
        letter-spacing: -0.01em;
      }
      dl {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(240px, 1fr));
        gap: 20px 32px;
        margin-top: 16px;
      }
      dt {
        font-weight: 650;
      }
      dd {
        color: var(--muted);
        font-size: 15px;
      }
      .refusal {
        margin-bottom: 16px;
      }
      @media (max-width: 620px) {
        main {
          padding: 20px 14px 48px;
        }
        header p {
          font-size: 16px;
        }
        .doors {
          flex: 1 1 100%;
        }
        .bar .item {
          font-size: 0;
          gap: 0;
          min-width: 44px;
          justify-content: center;
        }
      }
    `,
  ];
}
