/** What the demo's pages share: the bar on top, the language, and how they talk to the server. */
import { css, html, type TemplateResult } from 'lit';
import { TokenRefused, type TokenProvider } from '../line.js';
import { mark } from '../icons.js';
import { languageOf, textsOf, type Language } from '../texts/index.js';

const CHOSEN = 'order-room:language';

/** The language chosen on a page of the demo before, else the browser's. */
export function pageLanguage(): Language {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(CHOSEN);
  } catch {
    // storage is forbidden: the browser's language it is
  }
  const language = languageOf(chosen ?? navigator.language);
  document.documentElement.lang = language;
  return language;
}

export function chooseLanguage(language: Language): void {
  try {
    localStorage.setItem(CHOSEN, language);
  } catch {
    // it lasts for this page only
  }
  document.documentElement.lang = language;
}

/** An answer of the server that is not what was asked for. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
    this.name = 'HttpError';
  }
}

export async function fetchJson<T>(path: string, method: 'GET' | 'POST' = 'GET'): Promise<T> {
  const response = await fetch(path, { method, headers: { accept: 'application/json' }, cache: 'no-store' });
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new HttpError(response.status, (body as { text?: string } | null)?.text ?? '');
  return body as T;
}

/** Fetches tokens for a person of the demo who signed in on this browser. */
export function demoToken(person: string, language: () => Language): TokenProvider {
  return async () => {
    try {
      return (await fetchJson<{ token: string }>(`/demo/${encodeURIComponent(person)}/token`, 'POST')).token;
    } catch (error) {
      if (error instanceof HttpError && (error.status === 401 || error.status === 403)) {
        throw new TokenRefused(textsOf(language()).demo.signIn);
      }
      throw error;
    }
  };
}

export function languageSwitch(language: Language, choose: (language: Language) => void): TemplateResult {
  const t = textsOf(language);
  return html`<div class="languages" role="group" aria-label=${t.demo.language}>
    ${(['fr', 'en'] as const).map(
      (l) => html`<button class="quiet" lang=${l} aria-pressed=${l === language} data-test="language-${l}" @click=${() => choose(l)}>
        ${l === 'fr' ? 'Français' : 'English'}
      </button>`,
    )}
  </div>`;
}

export function brand(language: Language): TemplateResult {
  const t = textsOf(language).demo;
  return html`<a class="brand" href="/">${mark(26)}<span>${t.title}</span><em>${t.tag}</em></a>`;
}

export const frame = css`
  :host {
    display: block;
    min-height: 100%;
    background: var(--paper);
    color: var(--ink);
    font-family: var(--font);
    font-size: 16px;
    line-height: 1.5;
    -webkit-text-size-adjust: 100%;
  }
  .bar {
    display: flex;
    align-items: center;
    gap: 8px 18px;
    min-height: 60px;
    padding: 6px 24px;
  }
  .brand {
    display: inline-flex;
    align-items: center;
    gap: 10px;
    min-width: 0;
    min-height: 44px;
    color: var(--ink);
    font-weight: 650;
    text-decoration: none;
    letter-spacing: -0.01em;
    white-space: nowrap;
  }
  .brand svg {
    flex: none;
  }
  .brand span {
    overflow: hidden;
    text-overflow: ellipsis;
  }
  .brand em {
    padding: 1px 8px;
    border: 1px solid var(--line);
    border-radius: 10px;
    font-style: normal;
    font-size: 12px;
    font-weight: 500;
    color: var(--muted);
  }
  .grow {
    flex: 1;
  }
  .languages {
    display: inline-flex;
    flex: none;
  }
  .languages button {
    padding: 0 10px;
    font-size: 14px;
  }
  .languages [aria-pressed='true'] {
    color: var(--ink);
    font-weight: 600;
    text-decoration: underline;
    text-decoration-color: var(--accent);
    text-decoration-thickness: 2px;
    text-underline-offset: 6px;
  }
  @media (max-width: 620px) {
    .bar {
      padding: 4px 6px 4px 14px;
      gap: 4px 2px;
    }
    .brand {
      gap: 8px;
      font-size: clamp(13px, 4.2vw, 15px);
    }
    /* Only the other language is worth a button, and the name says more than the tag. */
    .brand em,
    .languages [aria-pressed='true'] {
      display: none;
    }
  }
`;
