/** How the lines between messages look: what happened to the order. */
import { css } from 'lit';

export const look = css`
  .files {
    display: grid;
    gap: 6px;
    margin: 8px 0 4px;
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
`;
