/** How a question looks that has to be answered before anything happens. */
import { css } from 'lit';

export const dialogLook = css`
  dialog {
    width: min(460px, calc(100vw - 32px));
    max-height: calc(100dvh - 32px);
    padding: 26px;
    border: 1px solid var(--line);
    border-radius: 20px;
    background: var(--surface);
    color: var(--ink);
    box-shadow: 0 24px 80px rgb(0 0 0 / 0.3);
  }
  dialog[open] {
    animation: rise 160ms ease-out;
  }
  dialog::backdrop {
    background: rgb(12 20 20 / 0.5);
  }
  @keyframes rise {
    from {
      opacity: 0;
      transform: translateY(8px);
    }
  }
  dialog h2 {
    font-size: 21px;
    margin-bottom: 10px;
  }
  dialog p {
    line-height: 1.5;
  }
  label {
    display: block;
    margin-top: 18px;
  }
  label span {
    display: block;
    margin-bottom: 6px;
    font-size: 14px;
    font-weight: 600;
  }
  label i {
    font-style: normal;
    font-weight: 400;
    color: var(--muted);
  }
  textarea,
  input {
    width: 100%;
    padding: 10px 12px;
    border: 1px solid var(--line);
    border-radius: 11px;
    background: var(--paper);
    line-height: 1.4;
    resize: vertical;
  }
  .choice {
    display: flex;
    flex-wrap: wrap-reverse;
    gap: 10px;
    margin-top: 24px;
  }
  .choice button {
    flex: 1 1 170px;
  }
`;

/** A button with a dialog behind it, which is one of the main ones after a call that nobody answered. */
export const openerLook = css`
  :host {
    display: contents;
  }
  :host([prominent]) {
    display: block;
    flex: 1;
  }
  :host([prominent]) > button {
    width: 100%;
  }
  .quiet {
    padding: 0 12px;
    color: var(--ink);
    text-align: start;
  }
  .quiet .icon {
    color: var(--accent);
  }
`;
