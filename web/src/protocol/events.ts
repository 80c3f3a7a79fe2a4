/** What happened to an order: the entries of its timeline, and the words they are told in. */

export type Role = 'buyer' | 'seller' | 'mediator';
export type State =
  | 'question'
  | 'question_closed'
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
/** How one person was heard by the other over a whole call. */
export interface Sound {
  person: string;
  word: 'good' | 'fair' | 'poor';
  opinion: number;
  loss: number;
  jitter_ms: number;
  round_trip_ms: number;
}
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
  | 'missed_call'
  | 'nudged';
export type CancelReason =
  | 'buyer_cancelled'
  | 'seller_declined'
  | 'brief_window_over'
  | 'late'
  | 'agreed'
  | 'seller_gave_up'
  | 'decided';
export type Decided = 'refund' | 'split' | 'pay' | 'resume';

/** What one may answer a message with; the room draws them. */
export type Reaction = 'agree' | 'thanks' | 'love' | 'laugh' | 'celebrate' | 'seen' | 'done' | 'question';
/** What the virus scanner says of a file; absent where there is none. */
export type Scan = 'clean' | 'scanning' | 'infected' | 'unchecked';
/** What should rather not be written; the words for it come from the server. */
export type SecretKind = 'card' | 'iban' | 'phone' | 'email' | 'password' | 'api_key' | 'login';

export type RecordingEnd = 'withdrawn' | 'moved' | 'longest' | 'failed' | 'empty';

/** What one person said, in a file of its own. */
export interface RecordedVoice {
  person: string;
  file: string;
  size: number;
  seconds: number;
  lost?: number;
}

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
  | {
      kind: 'file_shared';
      file: string;
      name: string;
      size: number;
      type: string;
      scan?: Scan;
      /** Pixels of a picture. */
      width?: number;
      height?: number;
      /** Whether there is a small picture of it. */
      thumb?: boolean;
      /** Length of a sound, and its wave in parts of a hundred. */
      millis?: number;
      peaks?: readonly number[];
      /** Whether it was spoken in the room. */
      voice?: boolean;
    }
  | { kind: 'file_scanned'; shared: number; scan: Scan }
  | { kind: 'message_sent'; text: string; reply_to?: number | null; seen?: readonly SecretKind[] }
  | { kind: 'message_edited'; message: number; text: string }
  | { kind: 'message_withdrawn'; message: number; versions?: readonly number[] }
  | { kind: 'reaction_added'; message: number; reaction: Reaction }
  | { kind: 'reaction_removed'; message: number; reaction: Reaction }
  | { kind: 'seller_nudged' }
  | { kind: 'question_asked'; title: string; category: string }
  | { kind: 'question_closed'; note?: string }
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
  | { kind: 'mediator_joined'; person: string; name: string }
  | { kind: 'dispute_decided'; decision: Decided; note: string; refund_cents?: number }
  | { kind: 'order_expired' }
  | { kind: 'money_expired'; cents: number; currency: string }
  | { kind: 'money_held'; cents: number; currency: string }
  | { kind: 'money_refunded'; cents: number; currency: string }
  | { kind: 'money_released'; cents: number; currency: string }
  | { kind: 'money_confirmed'; movement: number; cents: number; currency: string }
  | { kind: 'money_refused'; movement: number; cents: number; currency: string }
  | { kind: 'deadline_set'; timer: Timer; due: string }
  | { kind: 'deadline_near'; timer: Timer; due: string; percent: number }
  | { kind: 'deadline_paused'; timer: Timer; left: number }
  | { kind: 'deadline_moved'; timer: Timer; was: string; due: string; proposal: number }
  | { kind: 'time_given_back'; timer: Timer; was: string; due: string; seconds: number }
  | { kind: 'time_proposed'; timer: Timer; seconds: number; note?: string }
  | { kind: 'refund_proposed'; cents: number; currency: string; note?: string }
  | {
      kind: 'option_proposed';
      title: string;
      cents: number;
      currency: string;
      /** More days to deliver; none is no more time. */
      days?: number;
      note?: string;
    }
  | { kind: 'option_ordered'; proposal: number; cents: number; currency: string }
  | { kind: 'option_added'; proposal: number; title: string; cents: number; currency: string; days?: number }
  | { kind: 'option_unpaid'; proposal: number }
  | { kind: 'proposal_accepted'; proposal: number }
  | { kind: 'proposal_declined'; proposal: number }
  | { kind: 'proposal_withdrawn'; proposal: number }
  | { kind: 'proposal_lapsed'; proposal: number }
  | { kind: 'deadline_met'; timer: Timer }
  | { kind: 'deadline_fired'; timer: Timer; due: string }
  | { kind: 'recording_asked'; recording: string; call: string; kept: number }
  | { kind: 'recording_agreed'; recording: string; call: string }
  | { kind: 'recording_refused'; recording: string; call: string }
  | { kind: 'recording_stopped'; recording: string; call: string; end: RecordingEnd }
  | { kind: 'recording_gone'; recording: string; call: string; end: RecordingEnd }
  | {
      kind: 'recording_kept';
      recording: string;
      call: string;
      voices: readonly RecordedVoice[];
      until: string;
      /** False if the end is missing. */
      whole?: boolean;
    }
  | { kind: 'call_rang'; call: string }
  | { kind: 'call_answered'; call: string }
  | { kind: 'call_ended'; call: string; end: CallEnd; seconds?: number; sound?: readonly Sound[] }
  | { kind: 'call_requested'; note?: string }
  | { kind: 'call_times_proposed'; times: readonly string[]; note?: string }
  | { kind: 'call_agreed'; proposal: number; at: string }
  | { kind: 'point_noted'; call: string; text: string }
  | { kind: 'point_dropped'; proposal: number }
  | { kind: 'brief_item_agreed'; proposal: number; label: string; item?: string }
  | { kind: 'notice_sent'; notice: NoticeKind; to: Role }
  | { kind: 'notice_bounced'; notice: NoticeKind; to: Role }
  | {
      kind: 'entry_redacted';
      seq: number;
      /** What the entry says now that its words are gone; without it nothing is left. */
      left?: Event | null;
      /** The edits that went with it. */
      versions?: readonly number[];
      /** The recording that was erased, if it was one. */
      recording?: string | null;
    };

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
