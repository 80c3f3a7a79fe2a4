/** What is said over the WebSocket, by the server and by the browser, and why it is closed. */
import type { Entry, Reaction, Role, SecretKind, State } from './events.js';
import type { Verb, ItemMove, Situation } from './situation.js';

export const VERSION = 1;

// --- what surrounds the timeline -----------------------------------------------------------

export interface Member {
  person: string;
  role: Role;
  name: string;
}

export interface Presence {
  person: string;
  online: boolean;
  last_seen?: string | null;
  /** One of the two hides it: nothing is told. */
  hidden?: boolean;
  /** False while other processes cannot be asked: nobody knows whether they are there. */
  known?: boolean;
}

export interface ReadMark {
  person: string;
  read: number;
  /** What has reached their devices; never less than `read`. */
  delivered: number;
}

export interface InboxLine {
  order: string;
  title: string;
  state: State;
  role: Role;
  other: string;
  head: number;
  unread: number;
  due?: string | null;
  my_turn?: boolean;
  /** The other party calls now. */
  rings?: boolean;
}

// --- what the server says ------------------------------------------------------------------

export interface Welcome {
  t: 'welcome';
  epoch: string;
  person: string;
  name: string;
  language: string;
  now: string;
  /** Seconds between pings; three times that without one means the line is dead. */
  ping_every: number;
  token_ends: string;
  inbox: readonly InboxLine[];
  demo?: boolean;
  /** Whether the person keeps their presence to themselves; missing where one cannot. */
  hide_presence?: boolean;
}
export interface Refreshed {
  t: 'refreshed';
  token_ends: string;
}
export interface Room {
  t: 'room';
  order: string;
  title: string;
  category: string;
  price_cents: number;
  currency: string;
  members: readonly Member[];
  you: Role;
  marks: readonly ReadMark[];
  presence: readonly Presence[];
  text_max: number;
  note_max: number;
  /** The largest file that may be shared, in bytes. */
  file_max?: number;
  /** Seconds in which a message may be changed or withdrawn; missing where it cannot be. */
  edit_window?: number;
  withdraw_window?: number;
  /** Where the shop sells what an ended order was about. */
  again_url?: string;
  /** Whether the viewer blocks the other; missing where one cannot. */
  blocking?: boolean;
}
export interface Batch {
  t: 'batch';
  order: string;
  after: number;
  upto: number;
  head: number;
  entries: readonly Entry[];
  link?: string;
  reset?: boolean;
}
export interface Now {
  t: 'situation';
  situation: Situation;
}
export interface Page {
  t: 'page';
  id: string;
  order: string;
  before: number;
  first: number;
  entries: readonly Entry[];
}
export interface Done {
  t: 'done';
  id: string;
  order: string;
  seq: number;
  at: string;
}
export interface Versions {
  t: 'versions';
  id: string;
  order: string;
  message: number;
  withdrawn?: boolean;
  versions: readonly { seq: number; at: string; text: string }[];
}
export interface Hit {
  order: string;
  seq: number;
  at: string;
  actor: string;
  kind: string;
  excerpt: string;
  /** Places of the excerpt that were looked for, in UTF-16 units. */
  ranges: readonly (readonly [number, number])[];
  /** Length of a voice note, which is found by what it is. */
  millis?: number;
}
export interface Found {
  t: 'found';
  id: string;
  hits: readonly Hit[];
  /** Where the next page begins; missing on the last one. */
  next?: string | null;
  /** Orders whose newest words are not indexed yet. */
  behind?: number;
}
/** What was seen in a text that should rather not be sent. */
export interface Finding {
  kind: SecretKind;
  /** Characters (code points) of the text. */
  start: number;
  end: number;
  handling: 'warn' | 'refuse';
  text: string;
}
export interface Screened {
  t: 'screened';
  id: string;
  order: string;
  findings: readonly Finding[];
}
/** Without an id it was set on another of the person's screens. */
export interface Preferences {
  t: 'preferences';
  id?: string;
  hide_presence: boolean;
}
export interface Reported {
  t: 'reported';
  id: string;
  order: string;
  report: string;
  at: string;
}
export interface Blocked {
  t: 'blocked';
  id: string;
  order: string;
  on: boolean;
}
/** The servers through which a browser can be reached, as `RTCPeerConnection` takes them. */
export interface Ice {
  t: 'ice';
  id: string;
  order: string;
  servers?: readonly { urls: readonly string[]; username: string; credential: string }[];
  ends?: string | null;
}
export interface Answer {
  t: 'answer';
  id: string;
  order: string;
  call: string;
  leg: string;
  sdp: string;
}
export type Fact = string | number | boolean | null;
export interface Refused {
  t: 'refused';
  code: string;
  /** A sentence in the reader's language. */
  text: string;
  facts: Readonly<Record<string, Fact>>;
  id?: string | null;
  order?: string | null;
}
export interface Marks {
  t: 'marks';
  order: string;
  marks: readonly ReadMark[];
}
export interface PresenceFrame {
  t: 'presence';
  order: string;
  presence: Presence;
}
export interface TypingFrame {
  t: 'signal';
  order: string;
  person: string;
  typing: boolean;
}
export type Media =
  | 'connected'
  | 'reconnecting'
  | 'gone'
  | 'muted'
  | 'unmuted'
  | 'held'
  | 'resumed'
  | 'elsewhere'
  | 'moved'
  | 'quality_bad'
  | 'quality_good'
  | 'silent_microphone'
  | 'one_way'
  | 'heard';
export interface CallSignal {
  t: 'call';
  order: string;
  call: string;
  person: string;
  media: Media;
}
export interface Inbox {
  t: 'inbox';
  lines: readonly InboxLine[];
  /** Orders that the person may not see any more. */
  gone?: readonly string[];
}
export interface Ping {
  t: 'ping';
  n: number;
  now: string;
  heads: Readonly<Record<string, number>>;
  dues?: Readonly<Record<string, string>>;
}
export interface Move {
  t: 'move';
  delay: number;
}
export type Outbound =
  | Welcome
  | Refreshed
  | Room
  | Batch
  | Now
  | Page
  | Done
  | Answer
  | Ice
  | Versions
  | Found
  | Screened
  | Preferences
  | Reported
  | Blocked
  | Refused
  | Marks
  | PresenceFrame
  | TypingFrame
  | CallSignal
  | Inbox
  | Ping
  | Move;

// --- what the browser says -----------------------------------------------------------------

export type ReportReason = 'harassment' | 'scam' | 'contact' | 'spam' | 'illegal' | 'other';

/** Frames that want an answer: a `Reply` or `refused`, found by their id. */
export type Asking =
  | {
      t: 'message.send';
      id: string;
      order: string;
      text: string;
      reply_to?: number;
      /** What the writer was told of and sends anyway. */
      understood?: readonly SecretKind[];
    }
  | { t: 'message.edit'; id: string; order: string; message: number; text: string; understood?: readonly SecretKind[] }
  | { t: 'message.withdraw' | 'versions'; id: string; order: string; message: number }
  | { t: 'reaction.add' | 'reaction.remove'; id: string; order: string; message: number; reaction: Reaction }
  | { t: 'search'; id: string; q: string; order?: string; before?: string }
  | { t: 'screen'; id: string; order: string; text: string }
  | { t: 'order.nudge'; id: string; order: string }
  | { t: 'preferences'; id: string; hide_presence: boolean }
  | { t: 'report'; id: string; order: string; message?: number; reason: ReportReason; note?: string }
  | { t: 'block'; id: string; order: string; on: boolean }
  | { t: Verb; id: string; order: string; note?: string; refund_cents?: number; understood?: readonly SecretKind[] }
  | { t: 'time.propose'; id: string; order: string; seconds: number; note?: string; understood?: readonly SecretKind[] }
  | { t: 'refund.propose'; id: string; order: string; cents: number; note?: string; understood?: readonly SecretKind[] }
  | { t: 'option.propose'; id: string; order: string; title: string; cents: number; days: number; note?: string; understood?: readonly SecretKind[] }
  | {
      t: 'proposal.accept' | 'proposal.decline' | 'proposal.withdraw';
      id: string;
      order: string;
      proposal: number;
      /** Which of several times to talk is meant. */
      at?: string;
    }
  | { t: 'call.request'; id: string; order: string; note?: string }
  | { t: 'talk.propose'; id: string; order: string; times: readonly string[]; note?: string }
  | { t: 'minutes.note'; id: string; order: string; call: string; text: string }
  | { t: 'brief.add'; id: string; order: string; label: string; understood?: readonly SecretKind[] }
  | {
      t: `brief.${ItemMove}`;
      id: string;
      order: string;
      item: string;
      note?: string;
      files?: readonly string[];
      understood?: readonly SecretKind[];
    }
  | { t: 'call.start'; id: string; order: string; to?: string }
  | { t: 'call.accept'; id: string; order: string; call: string; leaving?: 'hold' | 'hang_up' }
  | { t: 'call.accept' | 'call.decline' | 'call.hang_up'; id: string; order: string; call: string }
  | { t: 'call.test'; id: string; order: string; leg: string; sdp: string }
  | { t: 'recording.ask'; id: string; order: string; call: string }
  | { t: 'recording.answer'; id: string; order: string; recording: string; agree: boolean }
  | { t: 'recording.stop' | 'recording.erase'; id: string; order: string; recording: string }
  | { t: 'call.ice'; id: string; order: string }
  | { t: 'call.offer'; id: string; order: string; call: string; leg: string; sdp: string }
  | { t: 'history'; id: string; order: string; before: number };

/** Frames that are said once, while a line is open, and may be lost. */
export type Telling =
  | { t: 'hello'; token: string; version: number; language?: string }
  | { t: 'refresh'; token: string }
  | { t: 'subscribe'; order: string; after?: number; link?: string; epoch?: string }
  | { t: 'unsubscribe'; order: string }
  | { t: 'mark' | 'received'; order: string; seq: number }
  | { t: 'typing'; order: string; on: boolean }
  | { t: 'pong'; n: number }
  | { t: 'call.mute' | 'call.hold'; order: string; call: string; on: boolean };

export type Inbound = Asking | Telling;

/** What answers an `Asking` that was not refused. */
export type Reply = Ice | Done | Page | Answer | Versions | Found | Screened | Preferences | Reported | Blocked;

// --- why the server closes a socket --------------------------------------------------------

export const Close = {
  RESTART: 4000,
  TOO_SLOW: 4001,
  SILENT: 4002,
  HELLO_LATE: 4003,
  TOKEN_ENDED: 4100,
  TOKEN_REFUSED: 4101,
  PROTOCOL: 4102,
  TOO_MANY: 4103,
  VERSION: 4104,
} as const;
