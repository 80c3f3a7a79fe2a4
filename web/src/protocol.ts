/**
 * The frames of the order room's WebSocket, as the server writes and reads them.
 *
 * A mirror of `realtime/protocol.py`, `orders/events.py` and `orders/situation.py`: names are
 * those of the wire. Times are ISO 8601 in UTC. The server leaves out a field that has its
 * default, hence the question marks; it may add kinds and fields that this client does not know.
 */

export const VERSION = 1;

export type Role = 'buyer' | 'seller' | 'mediator';
export type State =
  | 'awaiting_validation'
  | 'in_progress'
  | 'late'
  | 'delivered'
  | 'revision_requested'
  | 'revision_refused'
  | 'cancel_requested'
  | 'frozen'
  | 'closed'
  | 'cancelled'
  | 'expired';
export type Timer =
  | 'brief_window'
  | 'delivery'
  | 'review'
  | 'revision_answer'
  | 'revision_choice'
  | 'cancel_answer'
  | 'chat_tail'
  | 'order_life'
  | 'ring';
export type CallEnd =
  | 'completed'
  | 'declined'
  | 'cancelled'
  | 'no_answer'
  | 'busy'
  | 'failed'
  | 'stopped';
export type NoticeKind =
  | 'order_paid'
  | 'unread'
  | 'reminder'
  | 'started'
  | 'delivered'
  | 'requested'
  | 'answered'
  | 'dispute'
  | 'decided'
  | 'closed'
  | 'cancelled'
  | 'expired'
  | 'missed_call';
export type CancelReason =
  | 'buyer_cancelled'
  | 'seller_declined'
  | 'brief_window_over'
  | 'late'
  | 'agreed'
  | 'seller_gave_up'
  | 'decided';
export type Decided = 'refund' | 'split' | 'pay' | 'resume';

/** Actors who are no member of the order. */
export const CLOCK = 'clock';
export const MARKETPLACE = 'marketplace';

export type Event =
  | { kind: 'order_paid'; title: string; category: string; price_cents: number; currency: string }
  | { kind: 'brief_item_added'; item: string; label: string }
  | {
      kind: 'brief_item_given';
      item: string;
      note?: string;
      messages?: readonly number[];
      files?: readonly string[];
    }
  | { kind: 'brief_item_accepted'; item: string }
  | { kind: 'brief_item_dropped'; item: string; note?: string }
  | { kind: 'brief_item_reopened'; item: string; note: string }
  | { kind: 'file_shared'; file: string; name: string; size: number; type: string }
  | { kind: 'message_sent'; text: string }
  | { kind: 'brief_handed_over'; note?: string }
  | { kind: 'order_started'; delivery_due: string; note?: string }
  | { kind: 'order_late' }
  | { kind: 'order_delivered'; note?: string }
  | { kind: 'order_closed'; by_clock?: boolean }
  | {
      kind: 'order_cancelled';
      reason: CancelReason;
      note?: string;
      /** What the seller still waited for; without a label it is one of a template's. */
      missing?: readonly { item: string; label?: string }[];
    }
  | { kind: 'revision_requested'; note: string }
  | { kind: 'revision_accepted'; delivery_due: string }
  | { kind: 'revision_refused'; note: string }
  | { kind: 'cancel_requested'; note: string }
  | { kind: 'cancel_withdrawn' }
  | { kind: 'cancel_refused'; note: string; times: number }
  | { kind: 'right_opened' }
  | { kind: 'dispute_opened'; note?: string; by_rule?: boolean }
  | { kind: 'order_frozen'; note?: string }
  | { kind: 'dispute_decided'; decision: Decided; note: string; refund_cents?: number }
  | { kind: 'order_expired' }
  | { kind: 'money_expired'; cents: number; currency: string }
  | { kind: 'money_held'; cents: number; currency: string }
  | { kind: 'money_refunded'; cents: number; currency: string }
  | { kind: 'money_released'; cents: number; currency: string }
  | { kind: 'deadline_set'; timer: Timer; due: string }
  | { kind: 'deadline_near'; timer: Timer; due: string; percent: number }
  | { kind: 'deadline_paused'; timer: Timer; left: number }
  | { kind: 'deadline_moved'; timer: Timer; was: string; due: string; proposal: number }
  | { kind: 'time_proposed'; timer: Timer; seconds: number; note?: string }
  | { kind: 'refund_proposed'; cents: number; currency: string; note?: string }
  | { kind: 'proposal_accepted'; proposal: number }
  | { kind: 'proposal_declined'; proposal: number }
  | { kind: 'proposal_withdrawn'; proposal: number }
  | { kind: 'proposal_lapsed'; proposal: number }
  | { kind: 'deadline_met'; timer: Timer }
  | { kind: 'deadline_fired'; timer: Timer; due: string }
  | { kind: 'call_rang'; call: string }
  | { kind: 'call_answered'; call: string }
  | { kind: 'call_ended'; call: string; end: CallEnd; seconds?: number }
  | { kind: 'notice_sent'; notice: NoticeKind; to: Role }
  | { kind: 'notice_bounced'; notice: NoticeKind; to: Role }
  | { kind: 'entry_redacted'; seq: number };

/** An event of a newer server; shown as a neutral line. */
export interface UnknownEvent {
  kind: string;
}

/** One line of an order's timeline; `event` is null once the entry was redacted. */
export interface Entry {
  seq: number;
  at: string;
  actor: string;
  event: Event | null;
  client_id?: string | null;
}

// --- situation: what this viewer may do and expects now -----------------------------------

export type Verb =
  | 'brief.hand_over'
  | 'order.start'
  | 'order.cancel'
  | 'order.decline'
  | 'order.deliver'
  | 'order.close'
  | 'revision.request'
  | 'revision.accept'
  | 'revision.refuse'
  | 'cancel.request'
  | 'cancel.withdraw'
  | 'cancel.accept'
  | 'cancel.refuse'
  | 'order.give_up'
  | 'dispute.open'
  | 'dispute.refund'
  | 'dispute.split'
  | 'dispute.pay'
  | 'dispute.resume';
export type Zero =
  | 'cancelled_refunded'
  | 'late_may_cancel'
  | 'closed_paid'
  | 'chat_closes'
  | 'call_missed'
  | 'may_dispute'
  | 'expired';
export type GateReason = 'delivered' | 'frozen' | 'ended' | 'seller_only';
export type ProposalKind = 'time' | 'refund';
export type Readiness = 'open' | 'given' | 'accepted' | 'not_needed';
export type ItemMove = 'give' | 'accept' | 'drop' | 'reopen';

export interface Gate {
  open: boolean;
  reason?: GateReason | null;
  until?: string | null;
}

/** When a refund shows on the buyer's side: at once, or between two dates. */
export interface Visibility {
  means: 'wallet' | 'paypal' | 'card';
  at_once: boolean;
  earliest?: string | null;
  latest?: string | null;
}

export interface Deadline {
  timer: Timer;
  start: string;
  due: string;
  zero: Zero;
  cents?: number;
  currency?: string;
  visible?: Visibility | null;
  text?: string;
}

export interface Turn {
  role: Role;
  since: string;
}

export interface Refund {
  cents: number;
  currency: string;
  at: string;
  visible?: Visibility | null;
  text?: string;
}

/** What waits for an answer; `amount` is seconds of a clock, or cents. */
export interface Proposal {
  seq: number;
  kind: ProposalKind;
  by: string;
  amount: number;
  at: string;
  timer?: Timer | null;
  note?: string;
}

/** An item of the readiness list; `label` and `hint` are in the viewer's language. */
export interface BriefItem {
  item: string;
  label: string;
  hint: string;
  state: Readiness;
  note?: string;
  messages?: readonly number[];
  files?: readonly { file: string; name: string; size: number; type: string }[];
  /** What the viewer may do with it now. */
  moves?: readonly ItemMove[];
}

/** The readiness list: `ready` of `wanted` items are given or accepted. */
export interface Brief {
  items: readonly BriefItem[];
  ready: number;
  wanted: number;
  may_add?: boolean;
}

export interface CallNow {
  call: string;
  caller: string;
  callee: string;
  rang_at: string;
  rings_until: string;
  answered_at: string | null;
}

export interface Situation {
  order: string;
  seq: number;
  now: string;
  role: Role;
  state: State;
  state_since: string;
  turn: Turn | null;
  actions: readonly Verb[];
  /** Those of the actions that have to say why. */
  reasons?: readonly Verb[];
  brief_handed: boolean;
  deadlines: readonly Deadline[];
  chat: Gate;
  calls: Gate;
  call: CallNow | null;
  held_cents: number;
  currency: string;
  refund?: Refund | null;
  proposals?: readonly Proposal[];
  may_propose?: readonly ProposalKind[];
  brief?: Brief | null;
}

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
    }
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
