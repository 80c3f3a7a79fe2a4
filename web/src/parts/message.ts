/** One message of the thread: what it answers, its words or file, what was answered to it. */
import { html, nothing, type TemplateResult } from 'lit';
import { wordsOf, type After } from '../aftermath.js';
import { snippet } from '../excerpts.js';
import { titleOf, type Shared } from '../files.js';
import { icon, type Icon } from '../icons.js';
import { pieces, unsplit } from '../links.js';
import type { Entry, Member, Reaction } from '../protocol.js';
import type { OrderRoom } from '../room.js';
import { moment, shortDate, textsOf, time, type Language } from '../texts/index.js';
import './files.js';
import { find, type Pending } from '../timeline.js';

/** How reactions are drawn; the words for them are in the catalogues. */
export const SIGNS: Readonly<Record<Reaction, Icon>> = {
  agree: 'thumb',
  thanks: 'thanks',
  love: 'heart',
  laugh: 'smile',
  celebrate: 'star',
  seen: 'eye',
  done: 'done',
  question: 'ask',
};

export interface MessageView {
  entry: Entry;
  after: After | undefined;
  erased: boolean;
  first: boolean;
  /** Whether the words "seen" stand beside the sign: at the last own one. */
  last: boolean;
  /** The menu's button that Tab reaches; the others are found with the arrow keys. */
  stop: boolean;
}

/** What a message needs to know of the room, and what it asks of the thread. */
export interface Thread {
  room: OrderRoom;
  language: Language;
  me: string;
  members: readonly Member[];
  /** How far everybody else has read, and received. */
  seen: number;
  reached: number;
  online: boolean;
  /** Whether there is a menu at each message. */
  answering: boolean;
  name(person: string): string;
  menu(entry: Entry, button: HTMLElement): void;
  jump(seq: number): void;
  history(entry: Entry): void;
  react(seq: number, reaction: Reaction, on: boolean): void;
}

export function messageOf(view: MessageView, thread: Thread): TemplateResult {
  const { entry, after, first } = view;
  const { language, me } = thread;
  const t = textsOf(language);
  const own = entry.actor === me;
  const shared = sharedOf(entry, after);
  const words = wordsOf(entry, after);
  const gone = words === null && shared === null;
  const replyTo = entry.event?.kind === 'message_sent' ? (entry.event as { reply_to?: number | null }).reply_to : null;
  const risky = entry.event?.kind === 'message_sent' && ((entry.event as { seen?: readonly string[] }).seen?.length ?? 0) > 0;
  const who = html`<span class="sr">${own ? t.you : thread.name(entry.actor)}: </span>`;
  return html`<article
    class="message ${own ? 'own' : ''} ${first ? 'first' : ''}"
    id="m${entry.seq}"
    data-test=${shared ? 'shared' : 'message'}
    data-seq=${entry.seq}
    data-mine=${own}
    data-gone=${gone ? (after?.withdrawn ? 'withdrawn' : 'erased') : nothing}
    tabindex="-1"
    aria-label=${nothing}
  >
    ${!own && first && thread.members.length > 2 ? author(entry.actor, thread) : nothing}
    <div class="row">
      ${shared
        ? html`${who}<order-room-file .room=${thread.room} .shared=${shared} .from=${own ? '' : thread.name(entry.actor)} .language=${language}></order-room-file>`
        : html`<div class="bubble ${gone ? 'gone' : ''}">
            ${replyTo && !gone ? quote(replyTo, thread) : nothing} ${who}
            ${gone
              ? html`<em>${after?.withdrawn ? t.message.withdrawn : t.chat.redacted}</em>
                  ${after?.withdrawn && thread.room.room?.you === 'mediator'
                    ? html`<button class="link" data-test="versions" @click=${() => thread.history(entry)}>${t.message.reads}</button>`
                    : nothing}`
              : html`<p class="text" dir="auto">${linked(words ?? '')}</p>`}
            ${after?.editedAt && !gone
              ? html`<button
                  class="edited small-target"
                  data-test="edited"
                  title=${t.message.editedWhen(shortDate(language, after.editedAt))}
                  @click=${() => thread.history(entry)}
                >
                  ${t.message.edited}<span class="sr">. ${t.message.editedWhen(shortDate(language, after.editedAt))}</span>
                </button>`
              : nothing}
          </div>`}
      ${thread.answering && !gone
        ? html`<button
            class="quiet more"
            data-test="message-menu"
            tabindex=${view.stop ? 0 : -1}
            aria-haspopup="menu"
            aria-label=${t.message.menu(shared ? titleOf(shared, language) : snippet(words ?? ''))}
            @click=${(e: Event) => thread.menu(entry, e.currentTarget as HTMLElement)}
          >
            ${icon('dots', 18)}
          </button>`
        : nothing}
    </div>
    ${gone ? nothing : reactions(entry, after, thread)}
    <div class="meta">
      ${risky && !gone ? html`<span class="risky" title=${t.message.secretSeen}>${icon('shield', 15)}<span class="sr">${t.message.secretSeen}</span></span>` : nothing}
      <time datetime=${entry.at} title=${moment(language, entry.at)}>${time(language, entry.at)}</time>
      ${own ? mark(view, thread) : nothing}
    </div>
  </article>`;
}

/** A message that the server has not acknowledged, or refused. */
export function pendingOf(own: Pending, thread: Thread, tell: (what: 'again' | 'discard' | 'rewrite', id: string) => void): TemplateResult {
  const t = textsOf(thread.language);
  const failed = own.delivery === 'failed';
  return html`<article class="message own first ${own.delivery}" data-test="message" data-pending=${own.delivery} data-mine="true">
    <div class="bubble">
      ${own.replyTo ? quote(own.replyTo, thread) : nothing}<span class="sr">${t.you}: </span>
      <p class="text" dir="auto">${linked(own.text)}</p>
    </div>
    ${failed
      ? html`<div class="refusal ${own.secrets?.may ? 'warning' : ''}" role="alert" data-test=${own.secrets ? 'secret-refusal' : 'send-refusal'}>
          ${icon(own.secrets ? 'shield' : 'alert', 18)}
          <div>
            <strong>${t.chat.failed}.</strong> ${own.why}
            <div class="again">
              ${own.secrets
                ? html`<button class="link" data-test="message-rewrite" @click=${() => tell('rewrite', own.id)}>${t.warn.edit}</button>`
                : nothing}
              ${own.secrets && !own.secrets.may
                ? nothing
                : html`<button class="link" data-test="message-retry" @click=${() => tell('again', own.id)}>
                    ${own.secrets ? t.warn.anyway : t.retry}
                  </button>`}
              <button class="link" data-test="message-discard" @click=${() => tell('discard', own.id)}>${t.chat.discard}</button>
            </div>
          </div>
        </div>`
      : own.held
        ? heldOf(own, own.held, thread, tell)
        : html`<div class="meta">${icon('clock', 15)}${thread.online ? t.chat.waiting : t.chat.waitingOffline}</div>`}
  </article>`;
}

/** Why a message goes out later, and when; a screen reader is told once, not every second. */
function heldOf(
  own: Pending,
  { limit, until }: NonNullable<Pending['held']>,
  thread: Thread,
  tell: (what: 'again' | 'discard', id: string) => void,
): TemplateResult {
  const t = textsOf(thread.language).chat;
  const left = Math.max(1, Math.ceil((until - thread.room.connection.local()) / 1000));
  return html`<div class="refusal warning" data-test="held" data-limit=${limit}>
    ${icon('clock', 18)}
    <div>
      <span role="alert">${t.held(limit)}<span class="sr"> ${t.heldWhy}</span></span>
      <span aria-hidden="true" class="left" data-test="held-for">${t.heldFor(left)}</span>
      <div class="again">
        <button class="link" data-test="message-retry" @click=${() => tell('again', own.id)}>${t.now}</button>
        <button class="link" data-test="message-discard" @click=${() => tell('discard', own.id)}>${t.discard}</button>
      </div>
    </div>
  </div>`;
}

/** A file as the card shows it, with the verdict that came later. */
export function sharedOf(entry: Entry, after: After | undefined): Shared | null {
  if (entry.event?.kind !== 'file_shared') return null;
  const shared = entry.event as Shared;
  return after?.scan ? { ...shared, scan: after.scan } : shared;
}

/** Text with its addresses as links. Lit escapes the rest. */
export function linked(text: string): (TemplateResult | (string | TemplateResult)[])[] {
  return pieces(text).map((piece) =>
    'href' in piece
      ? html`<a href=${piece.href} target="_blank" rel="noopener noreferrer nofollow">${piece.text}</a>${
          piece.host ? html`<span class="host" data-test="link-host"> (${piece.host})</span>` : nothing
        }`
      : unsplit(piece.text).map(({ text: part, whole }) => (whole ? html`<span class="whole">${part}</span>` : part)),
  );
}

function mark({ entry, last }: MessageView, thread: Thread): TemplateResult {
  const t = textsOf(thread.language);
  if (entry.seq <= thread.seen) {
    return html`<span class="seen" data-test="seen" title=${t.chat.seen}>
      ${icon('checks', 16)}${last ? t.chat.seen : html`<span class="sr">${t.chat.seen}</span>`}
    </span>`;
  }
  const reached = entry.seq <= thread.reached;
  const said = reached ? t.message.delivered : t.chat.sent;
  return html`<span title=${said} data-test=${reached ? 'delivered' : 'sent'}>
    ${icon(reached ? 'checks' : 'check', 16)}<span class="sr">${said}</span>
  </span>`;
}

/** What a message answers, in short; a click goes there. */
function quote(seq: number, thread: Thread): TemplateResult {
  const t = textsOf(thread.language).message;
  const entry = find(thread.room.timeline, seq);
  const after = entry && thread.room.aftermath.of.get(seq);
  const words = entry ? wordsOf(entry, after) : null;
  const shared = entry ? sharedOf(entry, after) : null;
  const text = !entry ? t.quoteEarlier : shared ? titleOf(shared, thread.language) : words === null ? t.quoteGone : snippet(words);
  const name = entry ? (entry.actor === thread.me ? textsOf(thread.language).you : thread.name(entry.actor)) : '';
  return html`<button class="quote" data-test="quote" data-of=${seq} aria-label=${t.quote(name || text)} @click=${() => thread.jump(seq)}>
    ${name ? html`<strong>${name}</strong>` : nothing}<span dir="auto" class=${words === null && !shared ? 'gone' : ''}>${text}</span>
  </button>`;
}

function reactions(entry: Entry, after: After | undefined, thread: Thread): TemplateResult | typeof nothing {
  if (!after?.reactions?.size) return nothing;
  const t = textsOf(thread.language).message;
  return html`<div class="reactions">
    ${[...after.reactions].map(([reaction, people]) => {
      const mine = people.includes(thread.me);
      const names = people.map((one) => (one === thread.me ? textsOf(thread.language).you : thread.name(one))).join(', ');
      return html`<button
        class="small-target ${mine ? 'mine' : ''}"
        data-test="reaction"
        data-reaction=${reaction}
        aria-pressed=${mine}
        aria-label=${t.reacted(t.reaction[reaction] ?? reaction, names)}
        title=${t.reacted(t.reaction[reaction] ?? reaction, names)}
        ?disabled=${!thread.answering}
        @click=${() => thread.react(entry.seq, reaction, !mine)}
      >
        ${icon(SIGNS[reaction] ?? 'dots', 17)}${people.length > 1 ? people.length : nothing}
      </button>`;
    })}
  </div>`;
}

/** Where three talk, a face on one side is not enough to know who speaks. */
function author(person: string, thread: Thread): TemplateResult {
  const role = thread.members.find((m) => m.person === person)?.role;
  return html`<p class="author ${role ?? ''}" data-test="author" aria-hidden="true">
    <strong>${thread.name(person)}</strong>${role ? html`<span>${textsOf(thread.language).role[role]}</span>` : nothing}
  </p>`;
}
