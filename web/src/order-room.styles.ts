/** How the room is laid out: two columns on a desk, one with a sheet on a phone. */
import { css } from 'lit';

export const look = css`
  :host {
    display: block;
    position: relative;
    height: 100%;
    min-height: 420px;
    overflow: hidden auto;
    background: var(--paper);
    color: var(--ink);
    font-family: var(--font);
    font-size: 16px;
    line-height: 1.4;
    text-align: start;
    -webkit-text-size-adjust: 100%;
  }
  main {
    display: flex;
    flex-direction: column;
    min-width: 0;
    min-height: 0;
  }
  /* Zoomed in or with advice shown, the room scrolls rather than leave no line to read. */
  order-room-conversation {
    min-height: 144px;
  }
  /* A telephone that lies on its side. */
  @media (max-height: 480px) {
    :host {
      min-height: 300px;
    }
    order-room-conversation {
      min-height: 140px;
    }
  }
  .desk {
    display: grid;
    grid-template: auto auto 1fr / minmax(0, 1fr) clamp(320px, 30%, 372px);
    grid-template-areas: 'head head' 'line line' 'talk side';
    height: 100%;
  }
  .desk order-room-header {
    grid-area: head;
  }
  .desk order-room-banner {
    grid-area: line;
  }
  .desk main {
    grid-area: talk;
  }
  .desk .panel {
    grid-area: side;
    position: relative; /* as the conversation's */
    overflow-y: auto;
    padding: 20px 20px 20px 16px;
    border-left: 1px solid var(--line);
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .panel {
    display: flex;
    flex-direction: column;
    gap: 12px;
  }
  .panel > * {
    flex: none;
  }
  .ongoing {
    display: grid;
    grid-template-columns: minmax(0, 1fr);
    gap: 8px;
  }
  .panel > .ongoing:not(:has(> :not([hidden]))) {
    display: none;
  }
  @media (min-height: 700px) {
    /* What scrolls by is not to be seen above it or between two cards. */
    .panel > .ongoing {
      position: sticky;
      top: -20px;
      z-index: 1;
      margin: -20px -4px -8px;
      padding: 20px 4px 8px;
      background: linear-gradient(var(--paper) calc(100% - 8px), transparent);
    }
  }
  .notice {
    display: flex;
    flex-direction: column;
    align-items: center;
    justify-content: center;
    gap: 10px;
    height: 100%;
    padding: 32px;
    text-align: center;
    color: var(--muted);
  }
  .notice .icon {
    color: var(--accent);
  }
  .notice h1 {
    color: var(--ink);
    font-size: 20px;
    white-space: normal;
  }
  .notice p {
    max-width: 44ch;
    line-height: 1.5;
  }
  .notice button {
    margin-top: 8px;
    color: var(--ink);
  }
  .notice order-room-banner {
    border-radius: 12px;
    overflow: hidden;
    margin-top: 8px;
  }
  .spinner {
    width: 30px;
    height: 30px;
    border-radius: 50%;
    border: 3px solid var(--line);
    border-top-color: var(--accent);
    animation: turn 0.9s linear infinite;
  }
  @keyframes turn {
    to {
      transform: rotate(1turn);
    }
  }

  .phone {
    display: flex;
    flex-direction: column;
    height: 100%;
  }
  .phone main {
    flex: 1;
  }
  .phone .top {
    background: var(--surface);
    border-bottom: 1px solid var(--line);
  }
  .summary {
    width: 100%;
    min-height: 44px;
    padding: 0 12px 0 14px;
    border: 0;
    border-radius: 0;
    background: transparent;
    font-weight: 400;
    text-align: left;
    gap: 8px;
  }
  .summary .icon {
    color: var(--muted);
  }
  .summary .grow {
    flex: 1;
  }
  .turn {
    padding: 3px 10px;
    border-radius: 14px;
    background: var(--accent-soft);
    color: var(--accent-strong);
    font-size: 13px;
    font-weight: 600;
    white-space: nowrap;
  }
  .top > .ongoing {
    margin: 4px 10px 10px;
  }
  .top > .ongoing:not(:has(> :not([hidden]))) {
    margin: 0;
  }
  .sheet {
    width: 100%;
    max-width: 100%;
    max-height: 88dvh;
    margin: auto 0 0;
    padding: 0;
    border: 0;
    border-top: 1px solid var(--line);
    border-radius: 20px 20px 0 0;
    background: var(--paper);
    color: var(--ink);
    overscroll-behavior: contain;
  }
  .sheet::backdrop {
    background: rgb(12 20 20 / 0.5);
  }
  .sheet[open] {
    animation: up 200ms ease-out;
  }
  @keyframes up {
    from {
      transform: translateY(24px);
      opacity: 0;
    }
  }
  .sheet .panel {
    padding: 8px 12px max(16px, env(safe-area-inset-bottom));
  }
  .sheet-head {
    position: sticky;
    top: 0;
    z-index: 1;
    display: flex;
    align-items: center;
    justify-content: space-between;
    margin: -8px -12px -4px;
    padding: 8px 8px 8px 16px;
    background: var(--paper);
  }
`;
