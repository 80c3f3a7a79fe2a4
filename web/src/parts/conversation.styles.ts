/** How the thread looks. */
import { css } from 'lit';

export const look = css`
  :host {
    position: relative;
    display: flex;
    min-height: 0;
    flex: 1;
  }
  .scroll {
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
  .message {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    max-width: min(78%, 560px);
    margin-top: 3px;
  }
  .message.first {
    margin-top: 14px;
  }
  .message.own {
    align-self: flex-end;
    align-items: flex-end;
  }
  .author {
    display: flex;
    align-items: baseline;
    gap: 7px;
    padding: 0 6px 4px;
    font-size: 13px;
    color: var(--muted);
  }
  .author strong {
    font-weight: 650;
    color: var(--ink);
  }
  .author::before {
    content: '';
    align-self: center;
    width: 8px;
    height: 8px;
    border-radius: 50%;
    background: var(--accent);
  }
  .author.seller::before {
    background: var(--warn);
  }
  .author.mediator::before {
    border-radius: 2px;
    background: var(--ink);
  }
  .bubble {
    padding: 9px 14px;
    border-radius: 18px 18px 18px 6px;
    background: var(--surface);
    border: 1px solid var(--line);
    max-width: 100%;
  }
  .own .bubble {
    border-radius: 18px 18px 6px 18px;
    border-color: transparent;
    background: var(--own);
    color: var(--own-ink);
  }
  .row {
    display: flex;
    align-items: center;
    gap: 2px;
    max-width: 100%;
    min-width: 0;
  }
  .own .row {
    flex-direction: row-reverse;
  }
  .row > .bubble,
  .row > order-room-file {
    min-width: 0;
  }
  .more {
    flex: none;
    width: 36px;
    min-height: 36px;
    padding: 0;
    border-radius: 50%;
    opacity: 0;
  }
  .message:hover .more,
  .message:focus-within .more,
  .more:focus-visible {
    opacity: 1;
  }
  @media (hover: none) {
    .more {
      opacity: 0.75;
      width: 44px;
      min-height: 44px;
      margin: 0 -8px;
    }
  }
  .message:focus {
    outline: none;
  }
  .found .bubble,
  .found order-room-file,
  .line.found {
    outline: 2.5px solid var(--accent);
    outline-offset: 2px;
  }
  .quote {
    display: block;
    width: 100%;
    min-height: 0;
    margin: 1px 0 7px;
    padding: 5px 10px;
    border: 0;
    border-left: 3px solid var(--accent);
    border-radius: 4px 9px 9px 4px;
    background: color-mix(in srgb, var(--ink) 6%, transparent);
    color: inherit;
    font-size: 13.5px;
    font-weight: 400;
    line-height: 1.35;
    text-align: start;
    text-wrap: wrap;
    overflow-wrap: anywhere;
  }
  .quote strong {
    display: block;
    font-weight: 600;
  }
  .edited {
    display: block;
    min-height: 24px;
    margin: 1px 0 -3px;
    padding: 0;
    border: 0;
    background: none;
    color: inherit;
    font-size: 12px;
    font-weight: 400;
    text-decoration: underline;
    text-decoration-style: dotted;
    text-underline-offset: 3px;
  }
  .own .edited {
    margin-inline-start: auto;
  }
  .gone .link {
    margin-inline-start: 8px;
    font-size: 14px;
  }
  .reactions {
    display: flex;
    flex-wrap: wrap;
    gap: 4px;
    margin: -4px 8px 0;
    z-index: 1;
  }
  .reactions button {
    min-height: 28px;
    min-width: 38px;
    padding: 0 8px;
    gap: 4px;
    border-radius: 14px;
    font-size: 13px;
    font-weight: 600;
    color: var(--ink);
    background: var(--surface);
    border-color: var(--line);
  }
  .reactions .mine {
    border-color: var(--accent);
    background: var(--accent-soft);
  }
  .risky {
    color: var(--warn);
  }
  .refusal.warning {
    background: var(--warn-soft);
    color: var(--warn);
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
  .files {
    display: grid;
    gap: 6px;
    margin: 8px 0 4px;
  }
  .waiting .bubble {
    opacity: 0.72;
  }
  .failed .bubble {
    background: transparent;
    border: 1px dashed var(--bad);
    color: var(--ink);
  }
  .gone {
    color: var(--muted);
  }
  .text {
    white-space: pre-wrap;
    overflow-wrap: anywhere;
    line-height: 1.45;
  }
  .whole {
    white-space: nowrap;
  }
  .own .text a {
    color: inherit;
  }
  .host {
    font-size: 13px;
    opacity: 0.85;
  }
  .meta {
    display: flex;
    align-items: center;
    gap: 5px;
    padding: 3px 6px 0;
    font-size: 12px;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .message:not(.own):has(+ .message:not(.first):not(.own)) .meta,
  .message.own:has(+ .message.own:not(.first):not(.waiting):not(.failed)) .meta {
    display: none;
  }
  .meta > span {
    display: inline-flex;
    align-items: center;
    gap: 4px;
  }
  .seen {
    color: var(--accent);
    font-weight: 600;
  }
  .failed .refusal,
  .waiting .refusal {
    margin-top: 6px;
  }
  .left {
    font-variant-numeric: tabular-nums;
  }
  .again {
    display: flex;
    gap: 16px;
    margin-top: 6px;
  }
  .again .link {
    color: inherit;
    min-height: 28px;
  }
  .lines {
    margin: 14px 0 4px;
    padding: 5px 0;
    border: 1px solid var(--line);
    border-radius: 12px;
    background: color-mix(in srgb, var(--surface) 55%, transparent);
    font-size: 14px;
  }
  .line {
    display: flex;
    gap: 10px;
    align-items: flex-start;
    padding: 4px 14px;
    color: var(--muted);
    line-height: 1.4;
  }
  .figures {
    color: var(--muted);
  }
  .figures summary {
    display: inline-flex;
    align-items: center;
    min-height: 32px;
    text-decoration: underline;
    text-decoration-color: color-mix(in srgb, currentColor 40%, transparent);
    text-underline-offset: 3px;
  }
  .figures p {
    font-size: 13px;
    line-height: 1.45;
  }
  summary {
    min-height: 36px;
    list-style: none;
    cursor: pointer;
  }
  summary::-webkit-details-marker {
    display: none;
  }
  summary.line {
    align-items: center;
  }
  summary .icon:last-child {
    transition: transform 120ms;
  }
  @media (pointer: coarse) {
    summary,
    .figures summary {
      min-height: 44px;
    }
  }
  details[open] summary .icon:last-child {
    transform: rotate(180deg);
  }
  details ul {
    padding-left: 28px;
  }
  .line .icon {
    margin-top: 1px;
  }
  .line > div {
    flex: 1;
    min-width: 0;
  }
  .line p {
    overflow-wrap: anywhere;
  }
  .line p::first-letter {
    text-transform: uppercase;
  }
  .line.good .icon {
    color: var(--good);
  }
  .line.warn .icon {
    color: var(--warn);
  }
  .line.bad .icon {
    color: var(--bad);
  }
  .line.good p,
  .line.warn p,
  .line.bad p {
    color: var(--ink);
  }
  .line.bad p {
    font-weight: 600;
  }
  .line time {
    font-size: 12px;
    line-height: 20px;
    font-variant-numeric: tabular-nums;
  }
  blockquote {
    margin: 6px 0 2px;
    padding-left: 10px;
    border-left: 2px solid var(--line);
    color: var(--ink);
    white-space: pre-wrap;
    overflow-wrap: anywhere;
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
    .message {
      max-width: 86%;
    }
  }
`;
