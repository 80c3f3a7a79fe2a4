/** Why something did not happen, said where it was asked for. */
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons.js';
import { RefusedError } from '../outbox.js';

/** The sentence, or nothing while there is none. */
export function refusal(text: string): TemplateResult | typeof nothing {
  return text ? html`<p class="refusal" role="alert">${icon('alert', 18)}<span>${text}</span></p>` : nothing;
}

/** The server's own sentence, or `otherwise` where it never answered. */
export function whyNot(error: unknown, otherwise: string): string {
  return error instanceof RefusedError ? error.message : otherwise;
}
