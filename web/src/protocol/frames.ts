/** What is said over the WebSocket, by the server and by the browser, and why it is closed. */
import type { Role, State, Entry } from './events.js';
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
export type Media = 'connected' | 'reconnecting' | 'gone' | 'muted' | 'unmuted' | 'elsewhere';
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
  | Refused
  | Marks
  | PresenceFrame
  | TypingFrame
  | CallSignal
  | Inbox
  | Ping
  | Move;

// --- what the browser says -----------------------------------------------------------------

/** Frames that want an answer: `done`, `page`, `answer` or `refused`, found by their id. */
export type Asking =
  | { t: 'message.send'; id: string; order: string; text: string }
  | { t: Verb; id: string; order: string; note?: string; refund_cents?: number }
  | { t: 'time.propose'; id: string; order: string; seconds: number; note?: string }
  | { t: 'refund.propose'; id: string; order: string; cents: number; note?: string }
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
  | { t: 'brief.add'; id: string; order: string; label: string }
  | { t: `brief.${ItemMove}`; id: string; order: string; item: string; note?: string; files?: readonly string[] }
  | { t: 'call.start'; id: string; order: string; to?: string }
  | { t: 'call.accept' | 'call.decline' | 'call.hang_up'; id: string; order: string; call: string }
  | { t: 'call.offer'; id: string; order: string; call: string; leg: string; sdp: string }
  | { t: 'history'; id: string; order: string; before: number };

/** Frames that are said once, while a line is open, and may be lost. */
export type Telling =
  | { t: 'hello'; token: string; version: number; language?: string }
  | { t: 'refresh'; token: string }
  | { t: 'subscribe'; order: string; after?: number; link?: string; epoch?: string }
  | { t: 'unsubscribe'; order: string }
  | { t: 'mark'; order: string; seq: number }
  | { t: 'typing'; order: string; on: boolean }
  | { t: 'pong'; n: number }
  | { t: 'call.mute'; order: string; call: string; on: boolean };

export type Inbound = Asking | Telling;

/** What answers an `Asking` that was not refused. */
export type Reply = Done | Page | Answer;

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
