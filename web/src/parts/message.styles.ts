/** How one message looks: its bubble, what it answers, its marks and reactions. */
import { css } from 'lit';

export const look = css`
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
  @media (max-width: 620px) {
    .message {
      max-width: 86%;
    }
  }
`;
