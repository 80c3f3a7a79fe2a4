/** Where the order stands among its steps. */
import { css, html, LitElement, type TemplateResult } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { icon } from '../icons.js';
import type { State } from '../protocol.js';
import { base } from '../styles.js';
import { textsOf, type Language } from '../texts/index.js';

type Phase = 'done' | 'current' | 'upcoming';

const PATH: readonly State[] = ['awaiting_validation', 'in_progress', 'delivered', 'closed'];

/** States that are a turn within a step. */
const WITHIN: Partial<Record<State, State>> = {
  late: 'in_progress',
  cancel_requested: 'in_progress',
  revision_requested: 'delivered',
  revision_refused: 'delivered',
};
const BAD: ReadonlySet<State> = new Set(['cancelled', 'expired', 'late', 'frozen']);

/** The steps to show: an order that ended early ends there, whatever was still to come. */
export function pathOf(state: State): { state: State; phase: Phase }[] {
  if (state === 'question') return [{ state, phase: 'current' }, ...PATH.map((step) => ({ state: step, phase: 'upcoming' as Phase }))];
  if (state === 'question_closed') return [{ state, phase: 'current' }];
  if (state === 'cancelled' || state === 'expired') return [{ state, phase: 'current' }];
  if (state === 'frozen') return [{ state, phase: 'current' }, { state: 'closed', phase: 'upcoming' }];
  const at = PATH.indexOf(WITHIN[state] ?? state);
  return PATH.map((step, i) => ({
    state: i === at ? state : step,
    phase: i < at || state === 'closed' ? 'done' : i === at ? 'current' : 'upcoming',
  }));
}

@customElement('order-room-steps')
export class Steps extends LitElement {
  @property() state: State = 'awaiting_validation';
  @property() language: Language = 'fr';

  override render(): TemplateResult {
    const t = textsOf(this.language);
    return html`<section class="card">
      <h2 class="heading">${t.steps.heading}</h2>
      <ol>
        ${this.state.startsWith('question') ? '' : this.step('done', t.steps.paid, t.steps.paidHint, false)}
        ${pathOf(this.state).map(({ state, phase }) =>
          this.step(phase, t.state[state], t.steps.hint[state], BAD.has(state)),
        )}
      </ol>
    </section>`;
  }

  private step(phase: Phase, name: string, hint: string, bad: boolean): TemplateResult {
    const t = textsOf(this.language).steps;
    return html`<li class="${phase} ${bad ? 'bad' : ''}" aria-current=${phase === 'current' ? 'step' : 'false'}>
      <span class="dot">${phase === 'done' ? icon('check', 14) : bad ? icon('cross', 14) : ''}</span>
      <div>
        <strong>${name}</strong><span class="sr">, ${t[phase]}</span>
        ${phase === 'current' || phase === 'done' && name === textsOf(this.language).state.closed ? html`<p>${hint}</p>` : ''}
      </div>
    </li>`;
  }

  static override readonly styles = [
    base,
    css`
      ol {
        margin-top: 14px;
      }
      li {
        position: relative;
        display: flex;
        gap: 12px;
        padding-bottom: 16px;
        line-height: 1.4;
      }
      li:last-child {
        padding-bottom: 0;
      }
      li:not(:last-child)::before {
        content: '';
        position: absolute;
        left: 10px;
        top: 24px;
        bottom: -2px;
        width: 2px;
        background: var(--line);
      }
      li.done:not(:last-child)::before {
        background: var(--accent);
      }
      .dot {
        flex: none;
        display: grid;
        place-items: center;
        width: 22px;
        height: 22px;
        border-radius: 50%;
        border: 2px solid var(--line);
        background: var(--surface);
      }
      .done .dot {
        border-color: var(--accent);
        background: var(--accent);
        color: var(--accent-ink);
      }
      .done .dot .icon {
        stroke-width: 2.6;
      }
      .current .dot {
        border-color: var(--accent);
        box-shadow: inset 0 0 0 4px var(--surface);
        background: var(--accent);
      }
      .current.bad .dot {
        border-color: var(--bad-strong);
        background: var(--bad-strong);
        box-shadow: none;
        color: #fff;
      }
      strong {
        font-weight: 500;
      }
      .current strong {
        font-weight: 650;
      }
      .upcoming {
        color: var(--muted);
      }
      p {
        font-size: 14px;
        color: var(--muted);
      }
    `,
  ];
}

declare global {
  interface HTMLElementTagNameMap {
    'order-room-steps': Steps;
  }
}
