/** How the thread looks: days, what is new, who writes, the ways to its ends. */
import { css } from 'lit';

export const look = css`
  :host {
    position: relative;
    display: flex;
    min-height: 0;
    flex: 1;
  }
  /* It holds what is said to screen readers only, or the room around it would scroll as far. */
  .scroll {
    position: relative;
    flex: 1;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-gutter: stable both-edges;
    scrollbar-color: var(--line) transparent;
    scrollbar-width: thin;
  }
  .scroll:focus-visible {
    outline-offset: -3px;
  }
  .thread {
    display: flex;
    flex-direction: column;
    justify-content: flex-end;
    min-height: 100%;
    max-width: 760px;
    margin: 0 auto;
    padding: 20px 24px 12px;
  }
  .day {
    display: flex;
    align-items: center;
    gap: 14px;
    margin: 22px 0 12px;
    font-size: 13px;
    font-weight: 600;
    color: var(--muted);
  }
  .day:first-child {
    margin-top: 0;
  }
  .day::before,
  .day::after,
  .unread::before {
    content: '';
    flex: 1;
    height: 1px;
    background: var(--line);
  }
  .day span::first-letter {
    text-transform: uppercase;
  }
  .unread {
    display: flex;
    align-items: center;
    gap: 10px;
    margin: 14px 0 4px;
    color: var(--accent);
    font-size: 13px;
    font-weight: 700;
  }
  .unread::before {
    background: var(--accent);
    opacity: 0.5;
  }
  .trouble {
    position: absolute;
    z-index: 2;
    bottom: 12px;
    left: 24px;
    right: 24px;
    max-width: 620px;
    margin: 0 auto;
    box-shadow: var(--shadow);
  }
  .empty {
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: 6px;
    padding: 40px 24px 28px;
    text-align: center;
    color: var(--muted);
    line-height: 1.45;
    flex: 1;
    justify-content: center;
  }
  .empty .icon {
    color: var(--accent);
    margin-bottom: 4px;
  }
  .empty strong {
    color: var(--ink);
    font-size: 17px;
  }
  .empty p {
    max-width: 38ch;
  }
  .older {
    padding: 4px 0 16px;
    text-align: center;
    font-size: 14px;
    color: var(--muted);
  }
  .older .link {
    min-height: 32px;
  }
  .typing {
    display: flex;
    align-items: center;
    gap: 8px;
    min-height: 34px;
    padding: 10px 6px 0;
    font-size: 14px;
    color: var(--muted);
  }
  .dots {
    display: inline-flex;
    gap: 4px;
  }
  .dots i {
    width: 6px;
    height: 6px;
    border-radius: 50%;
    background: var(--accent);
    animation: breathe 1.2s infinite ease-in-out;
  }
  .dots i:nth-child(2) {
    animation-delay: 0.15s;
  }
  .dots i:nth-child(3) {
    animation-delay: 0.3s;
  }
  @keyframes breathe {
    0%,
    70%,
    100% {
      opacity: 0.3;
    }
    35% {
      opacity: 1;
    }
  }
  .newest {
    position: absolute;
    bottom: 12px;
    left: 50%;
    transform: translateX(-50%);
    border-radius: 22px;
    box-shadow: var(--shadow);
    font-size: 14px;
  }
  .newest:active:not(:disabled) {
    transform: translateX(-50%) scale(0.985);
  }
  @media (max-width: 620px) {
    .thread {
      padding: 14px 14px 10px;
    }
  }
`;
