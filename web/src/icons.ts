/** Line icons on a 24-unit grid, drawn for this client. Decoration: the words carry the meaning. */
import { svg, type SVGTemplateResult } from 'lit';

const paths = {
  phone: 'M6.2 3.5h2.6l1.7 4.6-2.1 1.6a12.6 12.6 0 0 0 5.9 5.9l1.6-2.1 4.6 1.7v2.6a2.2 2.2 0 0 1-2.4 2.2A16.3 16.3 0 0 1 4 5.9a2.2 2.2 0 0 1 2.2-2.4Z',
  hangUp: 'M2.8 13.8c-.6-1.2-.3-2.6.8-3.5a13.8 13.8 0 0 1 16.8 0c1.1.9 1.4 2.3.8 3.5l-.6 1.1a1.4 1.4 0 0 1-1.7.6l-2.6-1a1.4 1.4 0 0 1-.9-1.3v-1.5a11 11 0 0 0-6.8 0v1.5c0 .6-.4 1.1-.9 1.3l-2.6 1a1.4 1.4 0 0 1-1.7-.6Z',
  mic: 'M12 3.5a2.8 2.8 0 0 1 2.8 2.8v5a2.8 2.8 0 0 1-5.6 0v-5A2.8 2.8 0 0 1 12 3.5ZM5.8 11a6.2 6.2 0 0 0 12.4 0M12 17.2v3.3M8.8 20.5h6.4',
  micOff: 'M14.8 9.5V6.3a2.8 2.8 0 0 0-5.3-1.2M9.2 9.2v2.1a2.8 2.8 0 0 0 4.6 2.1M5.8 11a6.2 6.2 0 0 0 10.3 4.6M18.2 11c0 .9-.2 1.7-.5 2.5M12 17.2v3.3M8.8 20.5h6.4M4 4l16 16',
  send: 'M4.4 12 3.5 5.3c-.1-.9.8-1.5 1.6-1.1l15 7c.8.4.8 1.5 0 1.8l-15 7c-.8.3-1.7-.3-1.6-1.2L4.4 12Zm0 0h8.1',
  check: 'm5 12.5 4.3 4.3L19 7.2',
  checks: 'm2.5 12.5 4.2 4.2 8.8-9M11.3 16.2l.5.5 9.7-9.5',
  clock: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Zm0 4v5l3.2 2',
  lock: 'M7.5 10.5V8a4.5 4.5 0 0 1 9 0v2.5M6 10.5h12a1 1 0 0 1 1 1v7.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19v-7.5a1 1 0 0 1 1-1Zm6 3.6v2.8',
  shield: 'M12 3.2 19 6v5.4c0 4.3-2.9 7.7-7 9.4-4.1-1.7-7-5.1-7-9.4V6l7-2.8Zm-3 8.9 2.2 2.2 4-4.2',
  play: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Zm-2 5.2v6.6l5.4-3.3L10 8.7Z',
  box: 'm12 3.4 7.8 4.2v8.8L12 20.6l-7.8-4.2V7.6L12 3.4ZM4.4 7.7 12 12m0 0 7.6-4.3M12 12v8.4M8.2 5.5l7.7 4.3',
  cross: 'm6.5 6.5 11 11m0-11-11 11',
  crossed: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM9 9l6 6m0-6-6 6',
  coins: 'M4 8.2c0-1.8 2.7-3.2 6-3.2s6 1.4 6 3.2-2.7 3.3-6 3.3-6-1.5-6-3.3Zm0 0v4c0 1.8 2.7 3.3 6 3.3.7 0 1.4-.1 2-.2M16 8.2v1.6m-5.5 5.6c.3 1.6 2.6 2.9 5.4 2.9 3 0 5.4-1.5 5.4-3.3S19 11.8 16 11.8s-5.5 1.5-5.5 3.2v.4Zm0 0v1.9c0 1.8 2.5 3.2 5.5 3.2s5.4-1.4 5.4-3.2V15',
  mail: 'M4.5 5.5h15a1 1 0 0 1 1 1v11a1 1 0 0 1-1 1h-15a1 1 0 0 1-1-1v-11a1 1 0 0 1 1-1Zm-.6 1.3 8.1 6 8.1-6',
  alert: 'M12 4.2 21 19.5H3L12 4.2Zm0 6v4.2m0 2.6v.1',
  info: 'M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17Zm0 7.5v5m0-8.2v.1',
  brief: 'M7 3.5h7l4.5 4.5v11a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5Zm7 0V8h4.5M8.8 12.8l1.7 1.7 3.6-3.7',
  bell: 'M12 3.8a5.7 5.7 0 0 0-5.7 5.7c0 4.6-1.8 6-1.8 7h15c0-1-1.8-2.4-1.8-7A5.7 5.7 0 0 0 12 3.8Zm-1.8 15.4a2 2 0 0 0 3.6 0',
  down: 'M12 5v13.5m0 0 5.5-5.5M12 18.5 6.5 13',
  chevron: 'm7 10 5 5 5-5',
  back: 'M19 12H5.5m0 0 5.5 5.5M5.5 12 11 6.5',
  offline: 'M4 4l16 16M8.3 8.6A13 13 0 0 0 3 11.5M21 11.5a13 13 0 0 0-9.5-3.6M6.3 15a8.4 8.4 0 0 1 6-2.3M17.7 15l-1.5-1.2M12 19v.1',
  sound: 'M4 9.8v4.4h3.2L12 18.4V5.6L7.2 9.8H4Zm11.6-.9a4.3 4.3 0 0 1 0 6.2m2.6-8.8a8 8 0 0 1 0 11.4',
  flag: 'M6 20.5v-16m0 .5c4-2.5 7 2 12-.3v8.8c-5 2.3-8-2.2-12 .3',
  people: 'M9 11.5a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6Zm-6 7.6c0-3 2.7-5 6-5s6 2 6 5m1-8a2.8 2.8 0 1 0-1.2-5.3M17 14.3c2.4.3 4 2.1 4 4.3',
  chat: 'M5 4.5h14A1.5 1.5 0 0 1 20.5 6v9.5A1.5 1.5 0 0 1 19 17h-7l-4.5 3.5V17H5a1.5 1.5 0 0 1-1.5-1.5V6A1.5 1.5 0 0 1 5 4.5Z',
  refresh: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3l2.2 2.1m0-4.6v4.6h-4.6',
} as const;

export type Icon = keyof typeof paths;

export function icon(name: Icon, size = 20): SVGTemplateResult {
  return svg`<svg class="icon" aria-hidden="true" focusable="false" width=${size} height=${size}
    viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.7"
    stroke-linecap="round" stroke-linejoin="round"><path d=${paths[name]}></path></svg>`;
}

/** Our mark: a doorway with two people's words in it. */
export function mark(size = 28): SVGTemplateResult {
  return svg`<svg class="mark" aria-hidden="true" focusable="false" width=${size} height=${size} viewBox="0 0 32 32">
    <path fill="var(--accent)" d="M6 30V13a10 10 0 0 1 20 0v17Z"></path>
    <path fill="var(--accent-ink)" d="M11 12.5h7.5a1.5 1.5 0 0 1 1.5 1.5v2.5a1.5 1.5 0 0 1-1.5 1.5H13l-2.5 2v-6a1.5 1.5 0 0 1 .5-1.5Z"></path>
    <path fill="var(--accent-ink)" opacity=".6" d="M21.5 27v-6a1.5 1.5 0 0 0-1.5-1.5h-3.5a1.5 1.5 0 0 0-1.5 1.5v2.5a1.5 1.5 0 0 0 1.5 1.5H19Z"></path>
  </svg>`;
}
