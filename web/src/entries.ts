/** What an entry says on the screen. Pure: an entry and its surroundings in, words out. */
import { clockFace, inWords } from './countdown.js';
import { voiceNote } from './files.js';
import type { Icon } from './icons.js';
import type { Brief, Entry, Event, Member, Sound, UnknownEvent } from './protocol.js';
import { money, percent, shortDate, tenths, textsOf, type Language } from './texts/index.js';

export interface Line {
  icon: Icon;
  text: string;
  /** What a person wrote with the step. */
  note?: string;
  /** Shown when a person asks for it, under `title`. */
  details?: { title: string; lines: readonly string[] };
  tone: 'plain' | 'good' | 'warn' | 'bad';
}

export interface Surroundings {
  language: Language;
  me: string;
  members: readonly Member[];
  /** The words for an item of the readiness list. */
  label?: (item: string) => string;
  /** The order's currency, for events that carry only cents. */
  currency?: string;
  /** Seqs whose words were erased. */
  erased?: ReadonlySet<number>;
  /** Those of them that told of a recording. */
  recordings?: ReadonlySet<number>;
}

/** How items are called, from the list as the viewer has it. */
export function labels(brief: Brief | null | undefined): (item: string) => string {
  const known = new Map(brief?.items.map((i) => [i.item, i.label]) ?? []);
  return (item) => known.get(item) || item.replaceAll('_', ' ');
}

/** Calls that are over: their ringing and answering need no line of their own. */
export function endedCalls(entries: readonly Entry[]): ReadonlySet<string> {
  return new Set(entries.flatMap((e) => (e.event?.kind === 'call_ended' ? [e.event.call] : [])));
}

/** Who called in which call, as far as the entries here tell. */
export function callers(entries: readonly Entry[]): ReadonlyMap<string, string> {
  return new Map(
    entries.flatMap((e): [string, string][] => (e.event?.kind === 'call_rang' ? [[e.event.call, e.actor]] : [])),
  );
}

/** Ends of a call that who was called did not see, whoever brought them about. */
const MISSED: ReadonlySet<string> = new Set(['no_answer', 'busy', 'cancelled']);

/** The line of an entry that is no message; null if another entry says it better. */
export function lineOf(
  entry: Entry,
  around: Surroundings,
  ended: ReadonlySet<string>,
  called: ReadonlyMap<string, string>,
): Line | null {
  const line = wholeLine(entry, around, ended, called);
  const erased = line !== null && entry.event !== null && around.erased?.has(entry.seq);
  return erased ? { ...line, note: line.note ?? textsOf(around.language).entry.erased } : line;
}

function wholeLine(
  entry: Entry,
  around: Surroundings,
  ended: ReadonlySet<string>,
  called: ReadonlyMap<string, string>,
): Line | null {
  const { language, me, members } = around;
  const texts = textsOf(language);
  const t = texts.entry;
  const event: Event | UnknownEvent | null = entry.event;
  if (event === null) {
    const text = around.recordings?.has(entry.seq) ? texts.recording.told.gone : t.redacted;
    return { icon: 'info', text, tone: 'plain' };
  }
  const name = (person: string): string =>
    members.find((m) => m.person === person)?.name ?? texts.someone;
  const own = entry.actor === me;
  const who = name(entry.actor);
  const date = (at: string): string => shortDate(language, at);
  const item = (key: string): string => around.label?.(key) ?? key;
  const known = event as Event;
  switch (known.kind) {
    case 'message_sent':
    case 'message_edited':
    case 'message_withdrawn':
    case 'reaction_added':
    case 'reaction_removed':
    case 'file_scanned':
      return null; // shown at the message they are about
    case 'question_asked': {
      const buyer = members.find((m) => m.role === 'buyer');
      return plain('chat', t.question_asked(buyer?.person === me, buyer?.name ?? who, known.title));
    }
    case 'question_closed':
      return noted('flag', t.question_closed(own, who), known.note);
    case 'seller_nudged':
      return plain('bell', t.seller_nudged(own, who), 'warn');
    case 'option_proposed': {
      const what = texts.proposal.whatOption(known.title, money(language, known.cents, known.currency), known.days ?? 0);
      return noted('coins', t.option_proposed(own, who, what), known.note);
    }
    case 'option_ordered':
      return plain('coins', t.option_ordered(money(language, known.cents, known.currency)));
    case 'option_added':
      return plain('check', t.option_added(known.title, money(language, known.cents, known.currency)), 'good');
    case 'option_unpaid':
      return plain('alert', t.option_unpaid(), 'warn');
    case 'order_paid': {
      // The marketplace reports the payment; the buyer made it.
      const buyer = members.find((m) => m.role === 'buyer');
      const mine = buyer?.person === me;
      return plain('check', t.order_paid(mine, buyer?.name ?? who, known.title, money(language, known.price_cents, known.currency)), 'good');
    }
    case 'brief_handed_over':
      return noted('brief', t.brief_handed_over(own, who), known.note);
    case 'brief_item_added':
      return plain('brief', t.item_added(own, who, known.label));
    case 'brief_item_given':
      return noted('brief', t.item_given(own, who, item(known.item)), known.note, 'good');
    case 'brief_item_accepted':
      return plain('check', t.item_accepted(own, who, item(known.item)), 'good');
    case 'brief_item_dropped':
      return noted('cross', t.item_dropped(own, who, item(known.item)), known.note);
    case 'brief_item_reopened':
      return noted('refresh', t.item_reopened(own, who, item(known.item)), known.note, 'warn');
    case 'file_shared':
      if (known.voice) return plain('sound', t.voice_shared(own, who, voiceNote(language, known.millis ?? 0)));
      return plain('brief', t.file_shared(own, who, known.name));
    case 'order_started':
      return noted('play', t.order_started(own, who, date(known.delivery_due)), known.note, 'good');
    case 'order_late':
      return plain('alert', t.order_late(), 'warn');
    case 'order_delivered':
      return noted('box', t.order_delivered(own, who), known.note, 'good');
    case 'order_closed':
      return plain('flag', t.order_closed(own, who, known.by_clock ?? false), 'good');
    case 'order_cancelled': {
      const said = t.order_cancelled[known.reason]?.(own, who) ?? t.unknown;
      const missing = known.missing?.map((m) => m.label || item(m.item)).join(', ');
      return noted('crossed', said, [known.note, missing ? t.missing(missing) : ''].filter(Boolean).join('\n'), 'bad');
    }
    case 'revision_requested':
      return noted('refresh', t.revision_requested(own, who), known.note);
    case 'revision_accepted':
      return plain('play', t.revision_accepted(own, who, date(known.delivery_due)), 'good');
    case 'revision_refused':
      return noted('crossed', t.revision_refused(own, who), known.note, 'warn');
    case 'cancel_requested':
      return noted('alert', t.cancel_requested(own, who), known.note, 'warn');
    case 'cancel_withdrawn':
      return plain('play', t.cancel_withdrawn(own, who));
    case 'cancel_refused':
      return noted('crossed', t.cancel_refused(own, who), known.note, 'warn');
    case 'right_opened':
      return plain('info', t.right_opened());
    case 'dispute_opened':
      return noted('alert', t.dispute_opened(own, who, known.by_rule ?? false), known.note, 'bad');
    case 'order_frozen':
      return noted('lock', t.order_frozen(), known.note, 'warn');
    case 'dispute_decided': {
      const share = money(language, known.refund_cents ?? 0, around.currency ?? 'EUR');
      return noted('flag', t.dispute_decided[known.decision]?.(share) ?? t.unknown, known.note, 'good');
    }
    case 'mediator_joined':
      return plain('people', t.mediator_joined(known.person === me, known.name), 'good');
    case 'order_expired':
      return plain('crossed', t.order_expired(), 'bad');
    case 'money_expired':
      return plain('coins', t.money_expired(money(language, known.cents, known.currency)), 'warn');
    case 'deadline_paused':
      return plain('clock', t.deadline_paused(inWords(known.left * 1000, language)));
    case 'deadline_moved':
      return plain('clock', t.deadline_moved(date(known.due)), 'good');
    case 'time_given_back':
      return plain('clock', t.time_given_back(inWords(known.seconds * 1000, language), date(known.due)), 'good');
    case 'time_proposed':
      return noted('clock', t.time_proposed(own, who, inWords(known.seconds * 1000, language)), known.note);
    case 'refund_proposed':
      return noted('coins', t.refund_proposed(own, who, money(language, known.cents, known.currency)), known.note);
    case 'proposal_accepted':
      return plain('check', t.proposal_accepted(own, who), 'good');
    case 'proposal_declined':
      return plain('cross', t.proposal_declined(own, who));
    case 'proposal_withdrawn':
      return plain('back', t.proposal_withdrawn(own, who));
    case 'proposal_lapsed':
      return plain('info', t.proposal_lapsed());
    case 'money_held':
      return plain('lock', t.money_held(money(language, known.cents, known.currency)));
    case 'money_refunded':
      return plain('coins', t.money_refunded(money(language, known.cents, known.currency)));
    case 'money_released':
      return plain('coins', t.money_released(money(language, known.cents, known.currency)), 'good');
    case 'money_confirmed':
      return plain('check', t.money_confirmed(money(language, known.cents, known.currency)));
    case 'money_refused':
      return plain('alert', t.money_refused(money(language, known.cents, known.currency)), 'warn');
    case 'deadline_set':
      if (known.timer === 'delivery') return null; // the start names the date
      return plain('clock', t.deadline_set[known.timer]?.(date(known.due)) ?? t.unknown);
    case 'deadline_near':
      return plain('bell', t.deadline_near(leftThen(entry.at, known.due, language), texts.timerShort[known.timer] ?? ''), 'warn');
    case 'deadline_met':
      return null; // the step before it is why the clock stopped
    case 'deadline_fired':
      if (known.timer !== 'chat_tail') return null; // the step after it says what zero did
      return plain('clock', t.deadline_fired(texts.timerName[known.timer] ?? ''), 'warn');
    case 'recording_asked':
      return plain('mic', texts.recording.told.asked(own, who));
    case 'recording_agreed':
      return plain('mic', texts.recording.told.agreed(own, who), 'good');
    case 'recording_refused':
      return plain('micOff', texts.recording.told.refused(own, who));
    case 'recording_stopped':
      return plain(
        'micOff',
        known.end === 'withdrawn' ? texts.recording.told.withdrawn(own, who) : (texts.recording.stopped[known.end] ?? t.unknown),
        known.end === 'withdrawn' ? 'plain' : 'warn',
      );
    case 'recording_gone':
      return plain('info', texts.recording.gone[known.end] ?? t.unknown, known.end === 'failed' ? 'warn' : 'plain');
    case 'recording_kept':
      return plain('sound', texts.recording.told.kept);
    case 'call_rang':
      return ended.has(known.call) ? null : plain('phone', t.call_rang(own, who));
    case 'call_answered':
      return ended.has(known.call) ? null : plain('phone', t.call_answered(own, who));
    case 'call_ended': {
      const seconds = known.seconds ?? 0;
      const details = soundOf(known.sound ?? [], around);
      if (known.end === 'completed') return { ...plain('phone', t.call_lasted(clockFace(seconds * 1000))), ...details };
      const caller = called.get(known.call);
      if (known.end === 'declined') return plain('phone', own ? texts.call.declinedByYou : texts.call.declinedBy(who));
      if (MISSED.has(known.end) && caller !== undefined) {
        if (caller !== me) return plain('phone', t.call_missed(false, name(caller)), 'warn');
        const other = members.find((m) => m.person !== me && m.role !== 'mediator');
        if (known.end === 'busy') return plain('phone', t.call_busy(other?.name ?? texts.someone));
        if (known.end === 'no_answer') return plain('phone', t.call_missed(true, name(caller)));
      }
      const said = texts.call.end[known.end] ?? texts.call.ended;
      const text = seconds > 0 ? `${said}, ${clockFace(seconds * 1000)}` : said;
      return { ...plain('phone', text, known.end === 'failed' ? 'warn' : 'plain'), ...details };
    }
    case 'call_requested':
      return noted('phone', t.call_requested(own, who), known.note);
    case 'call_times_proposed':
      return noted('phone', t.call_times_proposed(own, who, known.times.map(date)), known.note);
    case 'call_agreed':
      return plain('phone', t.call_agreed(date(known.at)), 'good');
    case 'point_noted':
      return noted('brief', t.point_noted(own, who), known.text);
    case 'point_dropped':
      return plain('cross', t.point_dropped(own, who));
    case 'brief_item_agreed':
      return plain('check', t.brief_item_agreed(own, who, known.label), 'good');
    case 'notice_sent':
    case 'notice_bounced': {
      const to = members.find((m) => m.role === known.to);
      const text = t[known.kind](to?.person === me, to?.name ?? texts.role[known.to] ?? '', known.notice);
      return known.kind === 'notice_sent' ? plain('mail', text) : plain('alert', text, 'warn');
    }
    case 'entry_redacted':
      if (!known.recording) return plain('info', t.entry_redacted());
      return plain('info', texts.recording.told.erased(own, members.some((m) => m.person === entry.actor) ? who : null));
    default:
      known satisfies never; // every kind we know has a case; a newer server may have more
      return plain('info', t.unknown);
  }
}

/** How a call sounded: the worse of the two directions in a word, and each in figures. */
function soundOf(sound: readonly Sound[], { language, me, members }: Surroundings): Pick<Line, 'details'> {
  const { sound: t, someone } = textsOf(language);
  const worst = (['poor', 'fair', 'good'] as const).find((word) => sound.some((each) => each.word === word));
  if (!worst) return {};
  const lines = sound.map((each) => {
    const name = members.find((m) => m.person === each.person)?.name ?? someone;
    const figures = { opinion: tenths(language, each.opinion), loss: percent(language, each.loss), jitter: each.jitter_ms, trip: each.round_trip_ms };
    return `${t.heard[each.word](each.person === me, name)} ${t.figures(figures)}`;
  });
  return { details: { title: t.overall[worst], lines } };
}

/** The time that was left when a reminder was given, to the minute while there are minutes. */
function leftThen(at: string, due: string, language: Language): string {
  const ms = Math.max(0, Date.parse(due) - Date.parse(at));
  return inWords(ms >= 120_000 ? Math.round(ms / 60_000) * 60_000 : ms, language);
}

function plain(icon: Icon, text: string, tone: Line['tone'] = 'plain'): Line {
  return { icon, text, tone };
}

function noted(icon: Icon, text: string, note: string | undefined, tone: Line['tone'] = 'plain'): Line {
  return note ? { icon, text, note, tone } : { icon, text, tone };
}
