/** The look: colours by role, type sizes, and the few things every part shares. */
import { css } from 'lit';

/**
 * Every colour has a light and a dark value (`light-dark`), each pair checked for WCAG AA.
 * A host page may override any of these on the element.
 */
export const tokens = css`
  :host {
    color-scheme: light dark;
    --paper: light-dark(#f3f1ec, #15191a);
    --surface: light-dark(#fffefc, #1d2324);
    --sunken: light-dark(#ebe8e1, #101415);
    --ink: light-dark(#1b2425, #eceeeb);
    --muted: light-dark(#566061, #a3aeac);
    --line: light-dark(#dedad0, #30383a);
    --accent: light-dark(#0a6a5d, #63cdb6);
    --accent-strong: light-dark(#07564b, #84dcc9);
    --accent-ink: light-dark(#ffffff, #06251f);
    --accent-soft: light-dark(#dcece7, #17352f);
    --own: light-dark(#d7eae4, #1c443c);
    --own-ink: light-dark(#0f2f29, #e3f4ef);
    --warn: light-dark(#8a5200, #f2bd6b);
    --warn-soft: light-dark(#fbeed6, #38290f);
    --bad: light-dark(#a8281e, #ff9d92);
    --bad-strong: light-dark(#a8281e, #c9453a);
    --bad-soft: light-dark(#fae4e0, #40211d);
    --good: light-dark(#1d7a3e, #74d394);
    --shadow: 0 1px 2px light-dark(rgb(40 35 20 / 0.06), rgb(0 0 0 / 0.35)),
      0 6px 20px light-dark(rgb(40 35 20 / 0.05), rgb(0 0 0 / 0.25));
    --font: -apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue',
      Arial, sans-serif;
    --radius: 14px;
  }
  :host([theme='light']) {
    color-scheme: light;
  }
  :host([theme='dark']) {
    color-scheme: dark;
  }
`;

export const base = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  h1,
  h2,
  h3,
  p,
  dl,
  dd,
  ol,
  ul {
    margin: 0;
    padding: 0;
  }
  ol,
  ul {
    list-style: none;
  }
  .icon {
    flex: none;
    display: block;
  }
  button,
  textarea,
  select,
  input {
    font: inherit;
    color: inherit;
  }
  button {
    -webkit-tap-highlight-color: transparent;
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 8px;
    min-height: 44px;
    padding: 7px 16px;
    border: 1px solid var(--line);
    border-radius: 11px;
    background: var(--surface);
    font-weight: 600;
    line-height: 1.25;
    text-wrap: balance;
    cursor: pointer;
    transition:
      background 120ms,
      border-color 120ms,
      transform 120ms;
  }
  button:hover:not(:disabled) {
    border-color: var(--muted);
  }
  button:active:not(:disabled) {
    transform: scale(0.985);
  }
  button:disabled {
    cursor: not-allowed;
    color: var(--muted);
    background: var(--sunken);
    border-color: transparent;
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--accent-ink);
  }
  button.primary:hover:not(:disabled) {
    background: var(--accent-strong);
    border-color: var(--accent-strong);
  }
  button.primary:disabled {
    background: var(--sunken);
    border-color: transparent;
    color: var(--muted);
  }
  button.danger {
    background: var(--bad-strong);
    border-color: var(--bad-strong);
    color: #fff;
  }
  button.quiet {
    border-color: transparent;
    background: transparent;
    color: var(--muted);
    font-weight: 500;
  }
  button.quiet:hover:not(:disabled) {
    color: var(--ink);
    background: var(--sunken);
    border-color: transparent;
  }
  button.link {
    min-height: 0;
    padding: 0;
    border: 0;
    background: none;
    color: var(--accent);
    font-weight: 600;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  /* What looks small is touched as if it were 44 px each way. */
  @media (pointer: coarse) {
    button.link,
    .small-target {
      position: relative;
    }
    button.link::after,
    .small-target::after {
      content: '';
      position: absolute;
      inset: calc(50% - max(50%, 22px));
    }
  }
  button.round {
    width: 44px;
    padding: 0;
    border-radius: 50%;
  }
  a {
    color: var(--accent);
    text-underline-offset: 3px;
  }
  :focus-visible {
    outline: 2.5px solid var(--accent);
    outline-offset: 2px;
  }
  .card {
    background: var(--surface);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    padding: 18px;
  }
  .heading {
    font-size: 13px;
    font-weight: 600;
    color: var(--muted);
  }
  .refusal {
    display: flex;
    gap: 8px;
    padding: 10px 12px;
    border-radius: 10px;
    background: var(--bad-soft);
    color: var(--bad);
    font-size: 14px;
    line-height: 1.4;
  }
  /* Where colours are the reader's own, what is told by a filled length stays told. */
  @media (forced-colors: active) {
    .fill {
      background: Highlight !important;
    }
    *:has(> .fill:only-child) {
      background: CanvasText !important;
    }
  }
  .sr {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 1ms !important;
      animation-iteration-count: 1 !important;
      transition-duration: 1ms !important;
      scroll-behavior: auto !important;
    }
  }
`;
