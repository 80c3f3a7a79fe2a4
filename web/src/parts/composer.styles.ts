/** How the place for writing looks. */
import { css } from 'lit';

export const look = css`
  :host {
    display: block;
    width: 100%;
    max-width: 760px;
    margin: 0 auto;
    padding: 0 24px 10px;
  }
  .box {
    display: flex;
    flex-wrap: wrap;
    align-items: flex-end;
    gap: 2px;
    padding: 5px;
    border: 1px solid var(--line);
    border-radius: 27px;
    background: var(--surface);
    box-shadow: var(--shadow);
  }
  .box:focus-within {
    border-color: var(--accent);
    outline: 1.5px solid var(--accent);
  }
  .box.drop {
    border-color: var(--accent);
    background: var(--accent-soft);
  }
  .box.over {
    border-color: var(--bad);
    outline-color: var(--bad);
  }
  textarea {
    flex: 1;
    min-width: 0;
    min-height: 44px;
    padding: 11px 6px 11px 5px;
    border: 0;
    outline: 0;
    background: transparent;
    resize: none;
    line-height: 1.4;
    overflow-wrap: anywhere;
    scrollbar-width: thin;
  }
  textarea:focus-visible {
    outline: none; /* the box around it shows the focus */
  }
  textarea::placeholder {
    color: var(--muted);
    opacity: 1;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .foot {
    display: flex;
    justify-content: space-between;
    align-items: center;
    min-height: 32px;
    padding: 2px 6px 0 20px;
    font-size: 12.5px;
    color: var(--muted);
  }
  .count {
    font-variant-numeric: tabular-nums;
    font-weight: 600;
    color: var(--warn);
  }
  .count.over {
    color: var(--bad);
  }
  .again {
    min-height: 32px;
    padding: 0 10px;
    font-size: 12.5px;
    gap: 5px;
  }
  .advice {
    display: flex;
    gap: 12px;
    align-items: flex-start;
    margin-bottom: 10px;
    padding: 12px 8px 12px 14px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    font-size: 14px;
    line-height: 1.42;
  }
  .advice .icon {
    color: var(--accent);
  }
  .advice > div {
    flex: 1;
  }
  .advice button {
    color: var(--accent);
    font-weight: 600;
    align-self: center;
  }
  .tip {
    color: var(--muted);
  }
  .closed {
    display: flex;
    gap: 12px;
    align-items: center;
    margin-bottom: 10px;
    padding: 15px 18px;
    border-radius: var(--radius);
    background: var(--sunken);
    color: var(--muted);
    line-height: 1.4;
  }
  .unsent {
    margin-bottom: 10px;
  }
  @media (max-width: 620px) {
    :host {
      padding: 0 10px max(8px, env(safe-area-inset-bottom));
    }
    .advice {
      position: relative;
      gap: 9px;
      margin-bottom: 8px;
      padding: 12px;
      font-size: 13.5px;
    }
    .advice strong {
      display: block;
      padding-right: 80px;
      margin-bottom: 3px;
    }
    .advice button {
      position: absolute;
      top: 0;
      right: 0;
      padding: 0 14px;
    }
    textarea {
      font-size: 16px;
    }
  }
  /* A telephone that lies on its side has no lines to spare: the heading says the most of it. */
  @media (max-height: 480px) {
    .advice {
      align-items: center;
      margin-bottom: 6px;
      padding: 0 0 0 12px;
    }
    .advice p {
      display: none;
    }
  }
  @media (hover: none) {
    .keys {
      display: none;
    }
    .foot {
      min-height: 0;
      justify-content: flex-end;
    }
    .again {
      min-height: 44px;
      margin: -4px 0 -6px;
    }
  }
  .mode {
    display: flex;
    align-items: center;
    gap: 10px;
    margin-bottom: 6px;
    padding: 4px 4px 4px 14px;
    border-left: 3px solid var(--accent);
    border-radius: 6px 12px 12px 6px;
    background: var(--sunken);
    font-size: 14px;
    line-height: 1.35;
  }
  .mode > .icon {
    color: var(--accent);
  }
  .mode div {
    flex: 1;
    min-width: 0;
  }
  .mode p {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    color: var(--muted);
  }
  .failed {
    margin-bottom: 6px;
  }
`;
