/** English sentences. `Texts` is the shape every language must fill. */
import type { CallEnd, CancelReason, GateReason, NoticeKind, Role, State, Timer, Verb } from '../protocol.js';

const notices: Record<NoticeKind, string> = {
  order_paid: 'the order is paid',
  unread: 'unread messages',
  reminder: 'the deadline is near',
  started: 'the order has started',
  delivered: 'the work is delivered',
  closed: 'the order is complete',
  cancelled: 'the order is cancelled',
  missed_call: 'a missed call',
};

export const en = {
  units: { day: 'd', hour: 'h', minute: 'min', second: 's' },
  you: 'You',
  someone: 'A member',
  role: { buyer: 'Buyer', seller: 'Seller' } satisfies Record<Role, string>,
  close: 'Close',
  cancelDialog: 'Not now',
  retry: 'Try again',
  dismiss: 'Understood',

  state: {
    awaiting_validation: 'Awaiting validation',
    in_progress: 'In progress',
    late: 'Late',
    delivered: 'Delivered',
    closed: 'Complete',
    cancelled: 'Cancelled',
  } satisfies Record<State, string>,
  timer: {
    brief_window: 'Left to validate the order',
    delivery: 'Left until delivery',
    review: 'Left to check the delivery',
    chat_tail: 'Left to write to each other',
    ring: 'Ringing',
  } satisfies Record<Timer, string>,
  timerShort: {
    brief_window: 'to validate',
    delivery: 'to deliver',
    review: 'to check',
    chat_tail: 'to write',
    ring: 'ringing',
  } satisfies Record<Timer, string>,
  timerName: {
    brief_window: 'the validation window',
    delivery: 'the delivery date',
    review: 'the time to check the delivery',
    chat_tail: 'the conversation',
    ring: 'ringing',
  } satisfies Record<Timer, string>,

  countdown: {
    heading: 'Time left',
    zeroNow: 'Time is up. Updating…',
    due: (when: string) => `Until ${when}`,
    announce: (left: string, sentence: string) => `${left} left. ${sentence}`,
    none: 'No deadline is running',
    over: 'Time is up',
  },

  steps: {
    heading: 'Where the order stands',
    paid: 'Paid',
    paidHint: 'The money is held safely in escrow.',
    hint: {
      awaiting_validation: 'The brief is shared, questions are asked.',
      in_progress: 'The seller is at work.',
      late: 'The delivery date has passed.',
      delivered: 'The buyer checks the work.',
      closed: 'The seller is paid.',
      cancelled: 'The buyer gets the money back.',
    } satisfies Record<State, string>,
    done: 'done',
    current: 'current step',
    upcoming: 'to come',
    since: (ago: string) => `for ${ago}`,
  },

  turn: {
    yours: 'Your turn',
    theirs: (name: string) => `${name}’s turn`,
    since: (ago: string) => `for ${ago}`,
    justNow: 'since just now',
    nobody: 'Nothing to do',
  },

  guide: {
    buyer: {
      awaiting_validation: (other: string) =>
        `Give ${other} everything needed to begin: texts, wishes, examples. Then say that the brief is complete.`,
      handed: (other: string) => `${other} has your brief and can start. You can still add to it here.`,
      in_progress: (other: string) => `${other} is at work. Questions are best asked here, or in a call.`,
      late: (other: string) =>
        `The delivery date has passed. You can give ${other} more time, or cancel and get your money back.`,
      delivered: (other: string) =>
        `Look at what ${other} delivered. Accept it, and the money goes to ${other}.`,
      closed: () => 'All done. Thank you for your trust!',
      cancelled: () => 'The order is cancelled. You can order again whenever you have everything at hand.',
    },
    seller: {
      awaiting_validation: (other: string) =>
        `Ask ${other} for what is missing. As soon as you can begin, start the order: that stops this clock.`,
      handed: (other: string) => `${other} says the brief is complete. If you have everything, start the order.`,
      in_progress: (other: string) => `The work is yours now. Deliver it here, and ${other} will check it.`,
      late: (other: string) => `The delivery date has passed. Deliver soon: ${other} may cancel from now on.`,
      delivered: (other: string) => `${other} checks your work. Without an answer the order closes by itself and you are paid.`,
      closed: () => 'All done. The money is in your wallet.',
      cancelled: () => 'The order is cancelled and the buyer has been refunded.',
    },
  } satisfies Record<Role, Record<State | 'handed', (other: string) => string>>,

  escrow: {
    held: (amount: string) => `${amount} in escrow`,
    hint: 'Only paid out once the buyer validates the work.',
    released: (amount: string) => `${amount} paid to the seller`,
    refunded: (amount: string) => `${amount} refunded`,
    heading: 'The money',
  },

  action: {
    'brief.hand_over': 'My brief is complete',
    'order.start': 'Start the order',
    'order.cancel': 'Cancel the order',
    'order.decline': 'Decline the order',
    'order.deliver': 'Deliver the work',
    'order.close': 'Accept the delivery',
  } satisfies Record<Verb, string>,
  handOverAgain: 'I have added to my brief',

  confirm: {
    'brief.hand_over': {
      title: 'Is your brief complete?',
      body: (other: string, amount: string) =>
        `We tell ${other} that nothing is missing. Your ${amount} stay in escrow, and you can still add details or cancel.`,
      yes: 'Yes, it is complete',
      note: 'A word to go with it (optional)',
    },
    'order.start': {
      title: 'Start the order?',
      body: (other: string, amount: string) =>
        `You confirm that you have what you need. ${amount} stay in escrow until ${other} accepts your work, and the time to deliver begins now.`,
      yes: 'Start now',
      note: '',
    },
    'order.cancel': {
      title: 'Cancel this order?',
      body: (other: string, amount: string) =>
        `All of your ${amount} go back at once to the means of payment you used. ${other} is told. This cannot be undone.`,
      yes: 'Cancel and refund',
      note: 'Why? (optional, both of you can read it)',
    },
    'order.decline': {
      title: 'Decline this order?',
      body: (other: string, amount: string) =>
        `${other} gets all of the ${amount} back at once, and you receive nothing for this order. This cannot be undone.`,
      yes: 'Decline and refund',
      note: 'A word for the buyer (optional)',
    },
    'order.deliver': {
      title: 'Deliver the work?',
      body: (other: string, amount: string) =>
        `${other} can now check it. The ${amount} are yours when they accept, or by themselves when the time to check ends. Until then the conversation pauses.`,
      yes: 'Deliver',
      note: 'What you deliver, where to find it (optional)',
    },
    'order.close': {
      title: 'Accept the delivery?',
      body: (other: string, amount: string) =>
        `The order is complete and ${amount} go to ${other}. This cannot be undone.`,
      yes: 'Accept and pay',
      note: '',
    },
  } satisfies Record<Verb, { title: string; body: (other: string, amount: string) => string; yes: string; note: string }>,
  visible: {
    wallet: 'You will see it in your wallet at once.',
    paypal: 'You will see it on PayPal at once.',
    card: 'Your bank shows it after 3 to 5 working days.',
    unknown: 'Wallet and PayPal show it at once, a bank card after 3 to 5 working days.',
  },
  sending: 'Sending…',
  waitsForLine: 'Waiting for the connection. It goes out as soon as we are back.',
  tooLate: 'That did not go through: the connection was gone too long. Nothing was changed that we know of; look at the order and try again.',

  chat: {
    heading: 'Conversation',
    placeholder: (other: string) => `Write to ${other}`,
    label: 'Your message',
    send: 'Send',
    keys: 'Enter sends, Shift + Enter starts a new line',
    left: (n: number) => `${n} characters left`,
    over: (n: number) => (n === 1 ? '1 character too many' : `${n} characters too many`),
    empty: 'The conversation starts here',
    emptyHint: (other: string) => `Say hello to ${other}. What you write is saved with the order, for both of you.`,
    loading: 'Opening the room…',
    older: 'Show earlier messages',
    olderLoading: 'Loading earlier messages…',
    olderFailed: 'Earlier messages could not be loaded.',
    start: 'The beginning of the order',
    fresh: (n: number) => (n === 0 ? 'To the newest' : n === 1 ? '1 new message' : `${n} new messages`),
    unread: 'New',
    waiting: 'Sending',
    waitingOffline: 'Goes out once you are back online',
    sent: 'Sent',
    seen: 'Seen',
    failed: 'Not sent',
    discard: 'Discard',
    typing: (name: string) => `${name} is writing…`,
    redacted: 'This message was removed.',
    today: 'Today',
    yesterday: 'Yesterday',
    said: (name: string, text: string) => `${name}: ${text}`,
    details: 'Details',
  },
  gate: {
    delivered: 'While the delivery is being checked, the conversation is paused.',
    ended: 'The order has ended and the conversation is closed. You can still read it.',
    seller_only: 'On this order the seller starts calls.',
  } satisfies Record<GateReason, string>,
  gateUntil: (when: string) => `You can write to each other until ${when}.`,
  callGate: {
    delivered: 'No calls while the delivery is being checked.',
    ended: 'The order has ended: calls are closed.',
    seller_only: 'On this order the seller starts calls. Suggest one in the conversation.',
  } satisfies Record<GateReason, string>,

  advice: {
    heading: 'Keep your secrets yours',
    body: 'Never write codes that open a whole account, card or bank details, or your private phone number and e-mail here.',
    tip: 'Does the work need an access? Make a separate account with only the rights it takes.',
    again: 'Confidentiality',
  },

  presence: {
    online: 'Online',
    offline: 'Offline',
    seen: (when: string) => `Last seen ${when}`,
  },

  line: {
    connecting: 'Connecting…',
    online: 'Connected',
    offline: 'You are offline. We keep trying.',
    unsent: (n: number) => (n === 1 ? '1 message is waiting to go out.' : `${n} messages are waiting to go out.`),
    retryIn: (s: number) => `Next try in ${s} s`,
    now: 'Try now',
    back: 'Back online. Nothing was lost.',
    stopped: {
      close_4100: 'Your session has ended. Open the order again from your account.',
      close_4101: 'Your session is no longer valid. Open the order again from your account.',
      close_4102: 'This page and the server misunderstand each other. Please reload the page.',
      close_4103: 'This order is open in too many windows, so this one was paused.',
      close_4104: 'A newer version is available. Please reload the page.',
      token_refused: 'We could not sign you in to this order.',
      other: 'The connection was refused.',
    } as Record<string, string>,
    here: 'Continue here',
    reload: 'Reload',
  },
  unavailable: 'This order cannot be shown',
  unavailableHint: 'It may belong to another account, or the link is incomplete.',

  call: {
    brand: 'ComeUp Direct',
    start: (name: string) => `Call ${name}`,
    startShort: 'Call',
    startHint: 'A voice call in the browser. Your number stays private.',
    calling: (name: string) => `Calling ${name}…`,
    ringing: (name: string) => `${name} is calling`,
    ringingHint: (left: number) => `Rings for another ${left} s`,
    accept: 'Accept',
    decline: 'Decline',
    cancel: 'Cancel the call',
    hangUp: 'Hang up',
    connecting: 'Connecting the sound…',
    active: (name: string) => `In a call with ${name}`,
    elsewhere: 'In a call on another tab',
    elsewhereHint: 'The sound is on your other tab or device.',
    elsewhereCalling: 'Calling from another tab',
    reconnecting: 'Reconnecting…',
    otherReconnecting: (name: string) => `${name}’s connection is weak…`,
    otherMuted: (name: string) => `${name} is muted`,
    mute: 'Mute the microphone',
    muteShort: 'Mute',
    unmute: 'Unmute the microphone',
    unmuteShort: 'Unmute',
    muted: 'You are muted',
    you: 'You',
    level: (name: string) => `Level of ${name}`,
    microphone: 'Microphone',
    microphoneDefault: 'Standard microphone',
    sound: 'Turn the sound on',
    soundHint: 'Your browser keeps the ringtone silent until you click.',
    again: 'Call back',
    ended: 'Call ended',
    lasted: (length: string) => `Lasted ${length}`,
    flash: (name: string) => `Call from ${name}`,
    end: {
      completed: 'Call ended',
      declined: 'Call declined',
      cancelled: 'Call cancelled',
      no_answer: 'No answer',
      busy: 'In another call',
      failed: 'The call broke off',
      stopped: 'The call was ended by the service',
    } satisfies Record<CallEnd, string>,
    mic: {
      refused: 'The browser may not use your microphone. Allow it in the address bar (the lock or microphone sign), then try again.',
      missing: 'No microphone was found. Plug one in or switch it on, then try again.',
      busy: 'Another program is using the microphone. Close it, then try again.',
      insecure: 'Calls need a secure address (https) or this very computer (localhost).',
      other: 'The microphone could not be opened. Check it and try again.',
    },
    failed: 'The sound could not be connected. Check your network and call again.',
  },

  entry: {
    order_paid: (me: boolean, name: string, title: string, amount: string) =>
      me ? `You ordered “${title}” for ${amount}` : `${name} ordered “${title}” for ${amount}`,
    brief_handed_over: (me: boolean, name: string) =>
      me ? 'You said your brief is complete' : `${name} says the brief is complete`,
    order_started: (me: boolean, name: string, when: string) =>
      `${me ? 'You' : name} started the order. Delivery by ${when}`,
    order_late: () => 'The delivery date has passed',
    order_delivered: (me: boolean, name: string) => `${me ? 'You' : name} delivered the work`,
    order_closed: (me: boolean, name: string, byClock: boolean) =>
      byClock
        ? 'The time to check ended: the order is complete'
        : `${me ? 'You' : name} accepted the delivery: the order is complete`,
    order_cancelled: {
      buyer_cancelled: (me: boolean, name: string) => `${me ? 'You' : name} cancelled the order`,
      seller_declined: (me: boolean, name: string) => `${me ? 'You' : name} declined the order`,
      brief_window_over: () => 'The time to validate ran out: the order was cancelled',
      late: (me: boolean, name: string) => `${me ? 'You' : name} cancelled the late order`,
    } satisfies Record<CancelReason, (me: boolean, name: string) => string>,
    money_held: (amount: string) => `${amount} placed in escrow`,
    money_refunded: (amount: string) => `${amount} refunded to the buyer`,
    money_released: (amount: string) => `${amount} paid to the seller`,
    deadline_set: {
      brief_window: (when: string) => `Time to validate: until ${when}`,
      delivery: (when: string) => `Delivery date: ${when}`,
      review: (when: string) => `Time to check the delivery: until ${when}`,
      chat_tail: (when: string) => `The conversation stays open until ${when}`,
      ring: (when: string) => `Rings until ${when}`,
    } satisfies Record<Timer, (when: string) => string>,
    deadline_near: (left: string, purpose: string) => `Reminder: ${left} left ${purpose}`,
    deadline_fired: (timer: string) => `Time is up: ${timer}`,
    call_rang: (me: boolean, name: string) => `${me ? 'You' : name} called`,
    call_answered: (me: boolean, name: string) => `${me ? 'You' : name} took the call`,
    call_lasted: (length: string) => `Call, ${length}`,
    call_missed: (me: boolean, name: string) => (me ? 'Your call was not answered' : `Missed call from ${name}`),
    notice_sent: (toMe: boolean, name: string, about: NoticeKind) =>
      `E-mail sent to ${toMe ? 'you' : name}: ${notices[about] ?? 'about the order'}`,
    notice_bounced: (toMe: boolean, name: string, about: NoticeKind) =>
      `An e-mail to ${toMe ? 'you' : name} could not be delivered: ${notices[about] ?? 'about the order'}`,
    entry_redacted: () => 'A message was removed',
    redacted: 'Removed',
    unknown: 'Something happened that this version cannot show. Reload the page to see it.',
  },

  questions: {
    heading: 'Good to know',
    buyer: [
      ['What if I do not have everything yet?', 'Send what you have, and tell the seller when the rest will come. If it is not enough in time, the order is cancelled, you get all of your money back, and you can order again later.'],
      ['The seller does not answer. What now?', 'Give it a few hours, then write again: every message is also announced by e-mail. As a last resort you can cancel at any moment of this step, with a full refund.'],
      ['Where is my money?', 'In a secured escrow account. The seller gets it only once the order is finished and you have validated it.'],
      ['In doubt about something?', 'Ask in the conversation or suggest a call. Talking for two minutes often settles what ten messages do not.'],
    ],
    seller: [
      ['What if something essential is missing?', 'Ask for it here or in a call. If it does not come in time, the order is cancelled by itself and the buyer is refunded.'],
      ['When do I get paid?', 'The money is already in escrow. It is yours once the buyer accepts your delivery, or when the time to check it has passed.'],
    ],
  } satisfies { heading: string; buyer: [string, string][]; seller: [string, string][] },

  panel: { open: 'Show the order', close: 'Back to the conversation', heading: 'The order' },

  demo: {
    title: 'Order room',
    tag: 'Demo',
    lead: 'One room for every order: talk, call, and see the clock and the money, together.',
    body: 'Each order below has a buyer and a seller. Open both in two windows, side by side, and live through it.',
    openAs: { buyer: 'Open as the buyer', seller: 'Open as the seller' } satisfies Record<Role, string>,
    again: 'Start the demo anew',
    againBusy: 'Starting anew…',
    mailbox: 'Mailbox',
    mailboxHint: 'Every e-mail the service sent',
    home: 'All orders',
    you: (name: string, role: string) => `You are ${name}, ${role}`,
    other: (name: string) => `Open ${name}’s window`,
    failed: 'The demo orders could not be loaded. Is the server running?',
    none: 'There are no demo orders yet.',
    signIn: 'This window is not signed in as this person. Open the order again from the demo page.',
    zeroIn: (left: string) => `${left} left`,
    noClock: 'No clock is running',
    tryHeading: 'Worth trying',
    tries: [
      ['Talk', 'Write from one window, read in the other. Close one, write five lines, open it again.'],
      ['Call', 'Ring from one window, take it in the other. The sound goes through the server: nobody learns an address.'],
      ['Wait for zero', 'One order has three minutes left. Watch both windows when the clock runs out, then look at the mailbox.'],
    ] as [string, string][],
    language: 'Language',
  },

  mailbox: {
    title: 'Mailbox',
    lead: 'What the service sent to buyers and sellers of the demo. Nothing leaves this machine.',
    empty: 'No e-mail yet',
    emptyHint: 'Write a message and wait three minutes without reading it, miss a call, or let the short order reach zero.',
    to: 'To',
    html: 'As designed',
    text: 'Plain text',
    pick: 'Choose an e-mail to read it.',
    failed: 'The mailbox could not be loaded.',
    back: 'Back to the list',
    kind: notices as Record<string, string>,
  },
};

/** Widens literal types, so that another language may say it differently. */
type Widened<T> = T extends string
  ? string
  : T extends (...args: infer A) => unknown
    ? (...args: A) => string
    : { [K in keyof T]: Widened<T[K]> };

export type Texts = Widened<typeof en>;
