/** How the call looks: dark while one talks, a quiet card before and after. */
import { css } from 'lit';

export const look = css`
  :host {
    display: block;
  }
  h2 {
    font-size: 15px;
    line-height: 1.3;
    overflow-wrap: anywhere;
  }
  .hint {
    min-height: 1.35em;
    font-size: 13.5px;
    line-height: 1.35;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .row {
    display: flex;
    align-items: center;
    gap: 14px;
  }
  .grow {
    flex: 1;
    min-width: 0;
  }
  .calling,
  .ringing,
  .connecting,
  .active {
    border-color: transparent;
    background: light-dark(#0e332d, #123029);
    color: #f1f7f5;
    color-scheme: dark;
    --muted: #b3ccc5;
    --ink: #f1f7f5;
    --accent: #63cdb6;
    --accent-strong: #84dcc9;
    --accent-ink: #06251f;
    --surface: rgb(255 255 255 / 0.1);
    --line: rgb(255 255 255 / 0.18);
    --bad-strong: #c9453a;
  }
  .calling h2,
  .ringing h2,
  .active h2,
  .connecting h2 {
    font-size: 17px;
  }
  button.call:not(:disabled) {
    border-color: transparent;
    background: var(--accent-soft);
    color: var(--accent-strong);
  }
  button.call:hover:not(:disabled) {
    border-color: var(--accent);
  }
  .badge {
    position: relative;
    flex: none;
    display: grid;
    place-items: center;
    width: 46px;
    height: 46px;
    border-radius: 50%;
    background: var(--accent);
    color: var(--accent-ink);
  }
  .ended .row > .icon {
    color: var(--muted);
  }
  .ended .row {
    gap: 10px;
  }
  .ended .round:last-child {
    margin-right: -10px;
  }
  .ended.card {
    padding: 12px 18px;
  }
  .elsewhere .badge {
    background: var(--accent-soft);
    color: var(--accent);
  }
  .ringing .badge::after,
  .calling .badge::after {
    content: '';
    position: absolute;
    inset: 0;
    border-radius: 50%;
    border: 2px solid var(--accent);
    animation: pulse 1.6s infinite ease-out;
  }
  @keyframes pulse {
    to {
      transform: scale(1.7);
      opacity: 0;
    }
  }
  .choice {
    display: flex;
    flex-wrap: wrap;
    gap: 10px;
    margin-top: 16px;
  }
  .choice button {
    flex: 1 1 130px;
  }
  .choice.stacked {
    flex-direction: column;
  }
  .choice.stacked button {
    flex: none;
  }
  :host([narrow]) .controls {
    flex-wrap: nowrap;
    gap: 8px;
  }
  :host([narrow]) .controls button {
    flex: 1 1 auto; /* a longer word gets more room than a shorter one */
    min-width: 0;
    flex-direction: column;
    gap: 3px;
    padding-inline: 6px;
    font-size: 13.5px;
  }
  .card:has(.brief) {
    padding: 12px 14px;
  }
  .brief {
    gap: 10px;
  }
  .brief h2 {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .about {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font-size: 13.5px;
  }
  .about a {
    display: inline-block;
    max-width: 100%;
    padding: 3px 0;
    overflow: hidden;
    text-overflow: ellipsis;
    vertical-align: bottom;
    color: inherit;
  }
  .row > .icon {
    color: var(--accent);
  }
  .levels {
    display: grid;
    gap: 8px;
    margin-top: 16px;
  }
  .level {
    --level: 0;
    display: grid;
    grid-template-columns: minmax(60px, 38%) 1fr;
    gap: 12px;
    align-items: center;
    font-size: 13.5px;
  }
  .name {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .bars {
    display: flex;
    gap: 3px;
  }
  .bars i {
    flex: 1;
    height: 14px;
    border-radius: 2px;
    background: var(--accent);
    opacity: clamp(0.16, calc((var(--level) - var(--at)) * 40), 1);
  }
  .note {
    min-height: 1.4em;
    margin-top: 10px;
    font-size: 13.5px;
    color: var(--muted);
  }
  .note.weak {
    font-weight: 600;
    color: #f2c879;
  }
  .note.none {
    min-height: 0;
    margin: 0;
  }
  .active .choice,
  .connecting .choice {
    margin-top: 12px;
  }
  button.muted {
    background: #f1f7f5;
    color: #0e332d;
  }
  button.quieter {
    display: block;
    min-height: 44px;
    margin: 2px auto -14px;
    font-weight: 500;
    color: var(--muted);
  }
  .silent {
    margin-top: 14px;
    padding-top: 14px;
    border-top: 1px solid var(--line);
    display: grid;
    gap: 6px;
  }
  .refusal {
    margin-top: 12px;
    color-scheme: inherit;
  }
  .calling .refusal,
  .ringing .refusal,
  .active .refusal,
  .connecting .refusal {
    background: rgb(255 255 255 / 0.12);
    color: #ffc4bc;
  }
  .idle.plain {
    padding: 0;
    border: 0;
    background: none;
  }
`;
