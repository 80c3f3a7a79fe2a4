/** The demo's room page: signs in by the cookie of the path, and fills the window with the room. */
import { css, html, LitElement, nothing, type TemplateResult } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import '../order-room.js';
import { icon, mark } from '../icons.js';
import type { Role } from '../protocol.js';
import { base, tokens } from '../styles.js';
import { textsOf } from '../texts/index.js';
import { chooseLanguage, demoToken, fetchJson, frame, languageSwitch, pageLanguage } from './frame.js';

interface DemoOrders {
  orders: { order: string; title: string; people: { person: string; role: Role; name: string }[] }[];
}

@customElement('demo-room')
export class DemoRoom extends LitElement {
  @state() private language = pageLanguage();
  @state() private people: DemoOrders['orders'][number]['people'] = [];
  private readonly place = placeOf(location.pathname);

  /** One function for the life of the page: the element shares sockets by it. */
  private readonly token = demoToken(this.place.person, () => this.language);

  override connectedCallback(): void {
    super.connectedCallback();
    void this.load();
  }

  /** The names for the bar; the room itself does not need them. */
  private async load(): Promise<void> {
    try {
      const { orders } = await fetchJson<DemoOrders>('/demo/orders');
      const order = orders.find((o) => o.order === this.place.order);
      this.people = order?.people ?? [];
      if (order) document.title = order.title;
    } catch {
      this.people = [];
    }
  }

  /** The demo is its own shop. */
  private readonly again = async (): Promise<void> => {
    const { person, order } = this.place;
    const path = `/demo/${encodeURIComponent(person)}/orders/`;
    const made = await fetchJson<{ order: string }>(`${path}${encodeURIComponent(order)}/again`, 'POST');
    location.href = path + encodeURIComponent(made.order);
  };

  override render(): TemplateResult {
    const t = textsOf(this.language);
    const me = this.people.find((p) => p.person === this.place.person);
    const others = this.people.filter((p) => p.person !== this.place.person);
    return html`
      <nav class="bar" aria-label=${t.demo.tag}>
        <a class="brand" href="/" aria-label=${t.demo.home} title=${t.demo.home}>${mark(24)}<em>${t.demo.tag}</em></a>
        ${me
          ? html`<span class="me" data-test="me" title=${t.demo.you(me.name, t.role[me.role].toLowerCase())}>
              <span class="long">${t.demo.you(me.name, t.role[me.role].toLowerCase())}</span><span class="short" aria-hidden="true">${me.name}</span>
            </span>`
          : nothing}
        <span class="grow"></span>
        ${others.map(
          ({ person, name, role }) => html`<a
            class="item"
            data-test=${role === 'mediator' ? 'open-mediator' : 'open-other'}
            target="_blank"
            href="/demo/as/${encodeURIComponent(person)}?order=${encodeURIComponent(this.place.order)}"
            title=${t.demo.other(name)}
            >${icon('people', 18)}<span>${others.length > 1 ? name : t.demo.other(name)}</span></a
          >`,
        )}
        <a class="item" data-test="inbox" href="/demo/${encodeURIComponent(this.place.person)}/" title=${t.demo.inbox}>${icon('list', 18)}<span>${t.demo.inbox}</span></a>
        <a class="item" href="/mailbox" target="_blank" title=${t.demo.mailbox}>${icon('mail', 18)}<span>${t.demo.mailbox}</span></a>
        ${languageSwitch(this.language, (language) => {
          chooseLanguage(language);
          this.language = language;
        })}
      </nav>
      <order-room order-again @order-room-again=${this.again} .order=${this.place.order} src="/ws" href="/demo/${encodeURIComponent(this.place.person)}/orders/{order}" .language=${this.language} .token=${this.token}></order-room>
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
      order-room {
        flex: 1;
        min-height: 0;
      }
      .bar {
        min-height: 44px;
        padding: 0 16px 0 24px;
        background: var(--sunken);
        font-size: 14px;
      }
      .bar .brand {
        flex: none;
      }
      .me {
        min-width: 0;
        font-weight: 500;
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .me .short {
        display: none;
      }
      .item {
        display: inline-flex;
        align-items: center;
        gap: 7px;
        min-height: 44px;
        color: var(--ink);
        text-decoration: none;
        white-space: nowrap;
      }
      .item:focus-visible,
      .bar button:focus-visible,
      .bar .brand:focus-visible {
        outline-offset: -3px;
      }
      .item:hover {
        text-decoration: underline;
      }
      @media (max-width: 860px) {
        .item span,
        .me .long {
          position: absolute;
          width: 1px;
          height: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
        .item {
          justify-content: center;
        }
        .brand em {
          display: none;
        }
        .me .short {
          display: inline;
        }
        .bar {
          padding: 0 6px 0 14px;
          gap: 2px;
          min-height: 40px;
          font-size: 13px;
        }
        .bar .brand,
        .item {
          min-width: 44px;
        }
        .languages button[aria-pressed='true'] {
          display: none;
        }
      }
    `,
  ];
}

/** `/demo/{person}/orders/{order}` */
function placeOf(path: string): { person: string; order: string } {
  const [, , person = '', , order = ''] = path.split('/').map(decodeURIComponent);
  return { person, order };
}
