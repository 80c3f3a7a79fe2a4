/** What one viewer may do and expects now. Complete, never a difference; rules come from here. */
import type { Role, State, Timer } from './events.js';

export type Verb =
  | 'question.close'
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
export type GateReason = 'delivered' | 'frozen' | 'ended' | 'seller_only' | 'blocked';
export type ProposalKind = Bargain | 'talk' | 'point';
/** What is bargained for in the order's own panel; talks and points belong to the call's. */
export type Bargain = 'time' | 'refund' | 'option';
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
  /** Whether the payment system carried it out; until then it is ordered. */
  confirmed?: boolean;
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
  /** What was written with it; of a point of a call's minutes, the point itself. */
  note?: string;
  /** What to choose from, where a time to talk is proposed. */
  times?: readonly string[];
  /** What an option is called. */
  title?: string;
  /** More delivery time an option brings. */
  seconds?: number;
  /** An option that was agreed waits for its payment, or was not paid. */
  outcome?: 'open' | 'accepted' | 'unpaid';
  /** The call whose minutes the point belongs to. */
  call?: string | null;
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
  /** It rings while the callee is in another call. */
  waiting?: boolean;
  answered_at: string | null;
  recording?: { recording: string; asked_by: string; state: 'asked' | 'on' } | null;
  /** For how many seconds a recording would be kept; 0 where calls are not recorded. */
  recording_kept?: number;
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
  /** What the order costs now, with paid options; missing where it never changes. */
  price_cents?: number;
  /** Whether the viewer blocks the other. */
  blocking?: boolean;
  /** When the buyer may nudge a silent seller; missing where they may not. */
  nudge_from?: string | null;
  currency: string;
  refund?: Refund | null;
  proposals?: readonly Proposal[];
  may_propose?: readonly ProposalKind[];
  /** The next time to talk that both agreed on. */
  talk_at?: string | null;
  /** Whether the viewer, who cannot call, may ask to be called. */
  may_ask_for_call?: boolean;
  brief?: Brief | null;
}
