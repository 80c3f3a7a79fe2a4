/** English sentences about the process: what to do, what a step means, what happened. */
import type { CancelReason, Decided, ItemMove, NoticeKind, Readiness, Role, State, Timer, Verb } from '../protocol.js';

export const notices: Record<NoticeKind, string> = {
  order_paid: 'the order is paid',
  unread: 'unread messages',
  reminder: 'the deadline is near',
  started: 'the order has started',
  delivered: 'the work is delivered',
  requested: 'a request waits for an answer',
  answered: 'a request was answered',
  dispute: 'a mediator is needed',
  decided: 'the mediator decided',
  expired: 'the order expired',
  closed: 'the order is complete',
  cancelled: 'the order is cancelled',
  missed_call: 'a missed call',
  nudged: 'the buyer is waiting',
};

export const processTexts = {
  guide: {
    buyer: {
      question: (other: string) => `Ask ${other} whatever you need to know before you order. It costs nothing.`,
      question_closed: () => 'This question was put away. You can ask a new one on the service’s page.',
      awaiting_validation: (other: string) =>
        `Give ${other} everything needed to begin: texts, wishes, examples. Then say that the brief is complete.`,
      handed: (other: string) => `${other} has your brief and can start. You can still add to it here.`,
      in_progress: (other: string) => `${other} is at work. Questions are best asked here, or in a call.`,
      late: (other: string) =>
        `The delivery date has passed. You can give ${other} more time, or cancel and get your money back.`,
      delivered: (other: string) =>
        `Look at what ${other} delivered. Accept it, and the money goes to ${other}.`,
      revision_requested: (other: string) => `${other} looks at your wishes and answers. Your money stays in escrow.`,
      revision_refused: (other: string) =>
        `${other} does not make these changes. Accept the delivery as it is, or let a mediator decide.`,
      cancel_requested: (other: string) => `${other} answers your request to cancel. Until then the money stays in escrow.`,
      frozen: () => 'The order is on hold until a mediator has decided. Your money is safe in escrow.',
      expired: () => 'The order reached its longest life and has expired.',
      closed: () => 'All done. Thank you for your trust!',
      cancelled: () => 'The order is cancelled. You can order again whenever you have everything at hand.',
    },
    seller: {
      question: (other: string) => `${other} thinks about ordering and has a question. A quick answer often decides.`,
      question_closed: () => 'This question was put away.',
      awaiting_validation: (other: string) =>
        `Ask ${other} for what is missing. As soon as you can begin, start the order: that stops this clock.`,
      handed: (other: string) => `${other} says the brief is complete. If you have everything, start the order.`,
      in_progress: (other: string) => `The work is yours now. Deliver it here, and ${other} will check it.`,
      late: (other: string) => `The delivery date has passed. Deliver soon: ${other} may cancel from now on.`,
      delivered: (other: string) => `${other} checks your work. Without an answer the order closes by itself and you are paid.`,
      revision_requested: (other: string) => `${other} asks for changes. Say whether you make them.`,
      revision_refused: (other: string) => `${other} chooses: accept the delivery as it is, or ask a mediator.`,
      cancel_requested: (other: string) => `${other} would like to cancel. Agree, or say why not.`,
      frozen: () => 'The order is on hold until a mediator has decided. The money stays in escrow.',
      expired: () => 'The order reached its longest life and has expired.',
      closed: () => 'All done. The money is in your wallet.',
      cancelled: () => 'The order is cancelled and the buyer has been refunded.',
    },
    mediator: {
      question: () => 'The two talk before an order. Nothing to decide.',
      question_closed: () => 'The question was put away.',
      awaiting_validation: () => 'The two prepare the order. Nothing to decide.',
      handed: () => 'The two prepare the order. Nothing to decide.',
      in_progress: () => 'The seller is at work. Nothing to decide.',
      late: () => 'The delivery is late. Nothing to decide.',
      delivered: () => 'The buyer checks the delivery. Nothing to decide.',
      revision_requested: () => 'A revision was asked for. Nothing to decide yet.',
      revision_refused: () => 'A revision was refused. Nothing to decide yet.',
      cancel_requested: () => 'A cancellation was asked for. Nothing to decide yet.',
      frozen: () => 'Read what both say, ask, and decide what becomes of the money.',
      expired: () => 'The order has expired.',
      closed: () => 'The order is complete.',
      cancelled: () => 'The order is cancelled.',
    },
  } satisfies Record<Role, Record<State | 'handed', (other: string) => string>>,
  action: {
    'question.close': 'Put this question away',
    'brief.hand_over': 'My brief is complete',
    'order.start': 'Start the order',
    'order.cancel': 'Cancel the order',
    'order.decline': 'Decline the order',
    'order.deliver': 'Deliver the work',
    'order.close': 'Accept the delivery',
    'revision.request': 'Ask for a revision',
    'revision.accept': 'Make the changes',
    'revision.refuse': 'Refuse the revision',
    'cancel.request': 'Ask to cancel',
    'cancel.withdraw': 'Go on with the order',
    'cancel.accept': 'Agree to cancel',
    'cancel.refuse': 'Do not agree',
    'order.give_up': 'Give the order up',
    'dispute.open': 'Ask for a mediator',
    'dispute.refund': 'Refund the buyer',
    'dispute.split': 'Share the money',
    'dispute.pay': 'Pay the seller',
    'dispute.resume': 'Let the order go on',
  } satisfies Record<Verb, string>,
  confirm: {
    'question.close': {
      title: 'Put this question away?',
      body: (other: string) => `The conversation with ${other} closes; you can still read it. Nothing was paid, so nothing is owed.`,
      yes: 'Put it away',
      note: 'A last word',
    },
    'brief.hand_over': {
      title: 'Is your brief complete?',
      body: (other: string, amount: string) =>
        `We tell ${other} that nothing is missing. Your ${amount} stays in escrow, and you can still add details or cancel.`,
      yes: 'Yes, it is complete',
      note: 'A word to go with it',
    },
    'order.start': {
      title: 'Start the order?',
      body: (other: string, amount: string) =>
        `You confirm that you have what you need. ${amount} stays in escrow until ${other} accepts your work, and the time to deliver begins now.`,
      yes: 'Start now',
      note: '',
    },
    'order.cancel': {
      title: 'Cancel this order?',
      body: (other: string, amount: string) =>
        `All of your ${amount} goes back at once to the means of payment you used. ${other} is told. This cannot be undone.`,
      yes: 'Cancel and refund',
      note: 'Why? Both of you can read it.',
    },
    'order.decline': {
      title: 'Decline this order?',
      body: (other: string, amount: string) =>
        `${other} gets all of the ${amount} back at once, and you receive nothing for this order. This cannot be undone.`,
      yes: 'Decline and refund',
      note: 'A word for the buyer',
    },
    'order.deliver': {
      title: 'Deliver the work?',
      body: (other: string, amount: string) =>
        `${other} can now check it. The ${amount} is yours once they accept, or by itself when the time to check ends. Until then the conversation pauses.`,
      yes: 'Deliver',
      note: 'What you deliver, where to find it',
    },
    'order.close': {
      title: 'Accept the delivery?',
      body: (other: string, amount: string) =>
        `The order is complete and ${amount} goes to ${other}. This cannot be undone.`,
      yes: 'Accept and pay',
      note: '',
    },
    'revision.request': {
      title: 'Ask for a revision?',
      body: (other: string, amount: string) =>
        `${other} says whether the changes are made. Your ${amount} stays in escrow meanwhile.`,
      yes: 'Ask for it',
      note: 'What should change?',
    },
    'revision.accept': {
      title: 'Make the changes?',
      body: (other: string, amount: string) =>
        `A new time to deliver begins now. The ${amount} stays in escrow until ${other} accepts your work.`,
      yes: 'Make them',
      note: '',
    },
    'revision.refuse': {
      title: 'Refuse the revision?',
      body: (other: string, amount: string) =>
        `${other} then accepts the delivery as it is, or asks a mediator to decide. The ${amount} stays in escrow until then.`,
      yes: 'Refuse it',
      note: 'Why?',
    },
    'cancel.request': {
      title: 'Ask to cancel?',
      body: (other: string, amount: string) =>
        `If ${other} agrees, all of your ${amount} goes back to you. Until there is an answer it stays in escrow.`,
      yes: 'Ask to cancel',
      note: 'Why?',
    },
    'cancel.withdraw': {
      title: 'Go on with the order?',
      body: (other: string, amount: string) =>
        `You take your request back, and ${other} works on. Your ${amount} stays in escrow.`,
      yes: 'Go on',
      note: '',
    },
    'cancel.accept': {
      title: 'Agree to cancel?',
      body: (other: string, amount: string) =>
        `${other} gets all of the ${amount} back at once, and you receive nothing for this order. This cannot be undone.`,
      yes: 'Cancel and refund',
      note: '',
    },
    'cancel.refuse': {
      title: 'Do not agree to cancel?',
      body: (other: string, amount: string) =>
        `The order goes on and the ${amount} stays in escrow. ${other} may ask a mediator to decide; a second refusal calls one by itself.`,
      yes: 'Go on with the order',
      note: 'Why?',
    },
    'order.give_up': {
      title: 'Give this order up?',
      body: (other: string, amount: string) =>
        `${other} gets all of the ${amount} back at once, and you receive nothing for this order. This cannot be undone.`,
      yes: 'Give up and refund',
      note: 'Why?',
    },
    'dispute.open': {
      title: 'Ask for a mediator?',
      body: (other: string, amount: string) =>
        `The order is put on hold and the ${amount} stays in escrow until the mediator has decided. ${other} is told. The conversation pauses until the mediator joins.`,
      yes: 'Ask for a mediator',
      note: 'What is it about?',
    },
    'dispute.refund': {
      title: 'Refund the buyer?',
      body: (_other: string, amount: string) => `All of the ${amount} goes back to the buyer. This cannot be undone.`,
      yes: 'Decide',
      note: 'Your reasons, for both',
    },
    'dispute.split': {
      title: 'Share the money?',
      body: (_other: string, amount: string) =>
        `A part of the ${amount} goes back to the buyer, the rest to the seller. This cannot be undone.`,
      yes: 'Decide',
      note: 'Your reasons, for both',
    },
    'dispute.pay': {
      title: 'Pay the seller?',
      body: (_other: string, amount: string) => `All of the ${amount} goes to the seller. This cannot be undone.`,
      yes: 'Decide',
      note: 'Your reasons, for both',
    },
    'dispute.resume': {
      title: 'Let the order go on?',
      body: (_other: string, amount: string) => `The ${amount} stays in escrow and the clock runs on.`,
      yes: 'Decide',
      note: 'Your reasons, for both',
    },
  } satisfies Record<Verb, { title: string; body: (other: string, amount: string) => string; yes: string; note: string }>,
  brief: {
    heading: 'What is needed to begin',
    progress: (ready: number, wanted: number) => `${ready} of ${wanted} there`,
    state: { open: 'Still missing', given: 'Given', accepted: 'Accepted', not_needed: 'Not needed' } satisfies Record<Readiness, string>,
    never: 'Not given',
    move: { give: 'Give it', accept: 'I have it', drop: 'Not needed', reopen: 'Ask again' } satisfies Record<ItemMove, string>,
    giveMore: 'Give more',
    ask: {
      give: 'Write it here, or say where it is',
      reopen: 'What is missing about it?',
      add: 'What else do you need?',
      accept: '',
      drop: '',
    } satisfies Record<ItemMove | 'add', string>,
    add: 'Ask for something else',
    send: 'Send',
  },
  files: {
    attach: 'Share a file',
    open: (name: string) => `Open ${name}`,
    save: (name: string) => `Save ${name}`,
    percent: (n: number) => `${n}%`,
    waiting: 'Waiting',
    drop: (name: string) => `Do not send ${name}`,
    empty: 'This file is empty.',
    tooLarge: (most: string) => `This file is too large: ${most} at most.`,
    lost: 'The connection was lost. Nothing is lost but time: try again.',
  },
  proposal: {
    heading: 'Agree on something',
    time: 'Propose more time',
    refund: 'Propose a partial refund',
    timeTitle: 'How much more time?',
    timeBody: (other: string) => `If ${other} agrees, the clock moves for both of you at once.`,
    refundTitle: 'How much should go back?',
    refundBody: (other: string, held: string) =>
      `If ${other} agrees, this part of the ${held} in escrow goes back to the buyer at once. The rest stays in escrow.`,
    amount: 'Amount',
    note: 'A word to go with it',
    yes: 'Propose',
    mine: (what: string, other: string) => `You propose ${what}. ${other} answers.`,
    theirs: (other: string, what: string) => `${other} proposes ${what}.`,
    whatTime: (length: string) => `${length} more`,
    option: { buyer: 'Ask for an option', seller: 'Propose an option', mediator: '' } satisfies Record<Role, string>,
    optionTitle: 'What more should there be?',
    optionBody: (other: string) =>
      `If ${other} agrees, the buyer is charged, and the option counts once the payment is confirmed.`,
    optionName: 'Option',
    optionDays: 'More days to deliver',
    whatOption: (title: string, amount: string, days: number) =>
      `“${title}” for ${amount}${days > 0 ? `, with ${days === 1 ? 'one more day' : `${days} more days`} to deliver` : ''}`,
    optionAccepted: (what: string) => `Agreed: ${what}. The payment is on its way.`,
    optionUnpaid: (what: string) => `Agreed: ${what}. The payment did not go through yet.`,
    whatRefund: (amount: string) => `that ${amount} go back to the buyer`,
    accept: 'Agree',
    decline: 'Do not agree',
    withdraw: 'Take it back',
  },
  entry: {
    order_paid: (me: boolean, name: string, title: string, amount: string) =>
      me ? `You ordered “${title}” for ${amount}` : `${name} ordered “${title}” for ${amount}`,
    brief_handed_over: (me: boolean, name: string) =>
      me ? 'You said your brief is complete' : `${name} says the brief is complete`,
    order_started: (me: boolean, name: string, when: string) =>
      `${me ? 'You' : name} started the order. Delivery by ${when}`,
    missing: (what: string) => `Still missing: ${what}`,
    item_added: (me: boolean, name: string, what: string) => `${me ? 'You ask' : `${name} asks`} for: ${what}`,
    item_given: (me: boolean, name: string, what: string) => `${me ? 'You gave' : `${name} gave`}: ${what}`,
    item_accepted: (me: boolean, name: string, what: string) => `${me ? 'You have' : `${name} has`} what is needed: ${what}`,
    item_dropped: (me: boolean, name: string, what: string) => `${me ? 'You say' : `${name} says`} it is not needed: ${what}`,
    item_reopened: (me: boolean, name: string, what: string) => `${me ? 'You need' : `${name} needs`} more: ${what}`,
    file_shared: (me: boolean, name: string, file: string) => `${me ? 'You' : name} shared ${file}`,
    voice_shared: (me: boolean, name: string, note: string) => `${me ? 'You' : name}: ${note}`,
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
      agreed: () => 'You both agreed to cancel the order',
      seller_gave_up: (me: boolean, name: string) => `${me ? 'You' : name} gave the order up`,
      decided: () => 'The mediator decided: the order is cancelled',
    } satisfies Record<CancelReason, (me: boolean, name: string) => string>,
    revision_requested: (me: boolean, name: string) => `${me ? 'You' : name} asked for a revision`,
    revision_accepted: (me: boolean, name: string, when: string) =>
      `${me ? 'You make' : `${name} makes`} the changes. New delivery date: ${when}`,
    revision_refused: (me: boolean, name: string) => `${me ? 'You' : name} refused the revision`,
    cancel_requested: (me: boolean, name: string) => `${me ? 'You' : name} asked to cancel`,
    cancel_withdrawn: (me: boolean, name: string) => `${me ? 'You go' : `${name} goes`} on with the order`,
    cancel_refused: (me: boolean, name: string) => `${me ? 'You' : name} did not agree to cancel`,
    right_opened: () => 'The buyer may ask for a mediator now',
    dispute_opened: (me: boolean, name: string, byRule: boolean) =>
      byRule ? 'A second refusal: a mediator will decide' : `${me ? 'You' : name} asked for a mediator`,
    order_frozen: () => 'The marketplace put the order on hold for a check',
    mediator_joined: (me: boolean, name: string) =>
      me ? 'You joined as the mediator' : `${name} joined as the mediator. All three of you can write again`,
    dispute_decided: {
      refund: () => 'The mediator decided: the buyer is refunded',
      split: (amount: string) => `The mediator decided: ${amount} goes back to the buyer, the rest to the seller`,
      pay: () => 'The mediator decided: the seller is paid',
      resume: () => 'The mediator decided: the order goes on',
    } satisfies Record<Decided, (amount: string) => string>,
    order_expired: () => 'The order reached its longest life and expired',
    money_expired: (amount: string) => `${amount} left escrow to the marketplace`,
    deadline_paused: (left: string) => `The clock stands still with ${left} left`,
    deadline_moved: (when: string) => `Agreed: the clock now runs until ${when}`,
    time_given_back: (length: string, when: string) =>
      `We were out of order: ${length} given back, the clock now runs until ${when}`,
    time_proposed: (me: boolean, name: string, length: string) =>
      `${me ? 'You propose' : `${name} proposes`} ${length} more`,
    refund_proposed: (me: boolean, name: string, amount: string) =>
      `${me ? 'You propose' : `${name} proposes`} that ${amount} go back to the buyer`,
    proposal_accepted: (me: boolean, name: string) => `${me ? 'You' : name} agreed`,
    proposal_declined: (me: boolean, name: string) => `${me ? 'You' : name} did not agree`,
    proposal_withdrawn: (me: boolean, name: string) => `${me ? 'You' : name} took the proposal back`,
    proposal_lapsed: () => 'The proposal lapsed: the order moved on',
    money_held: (amount: string) => `${amount} placed in escrow`,
    money_refunded: (amount: string) => `Refund of ${amount} to the buyer ordered`,
    money_released: (amount: string) => `Payment of ${amount} to the seller ordered`,
    money_confirmed: (amount: string) => `The payment service confirms: ${amount} is on its way`,
    money_refused: (amount: string) => `The payment service could not move ${amount} yet. We are looking into it; nothing is lost`,
    deadline_set: {
      brief_window: (when: string) => `Time to validate: until ${when}`,
      delivery: (when: string) => `Delivery date: ${when}`,
      review: (when: string) => `Time to check the delivery: until ${when}`,
      revision_answer: (when: string) => `Answer about the revision: until ${when}`,
      revision_choice: (when: string) => `Choice after the refusal: until ${when}`,
      cancel_answer: (when: string) => `Answer about the cancellation: until ${when}`,
      order_life: (when: string) => `Longest life of the order: until ${when}`,
      chat_tail: (when: string) => `The conversation stays open until ${when}`,
      ring: (when: string) => `Rings until ${when}`,
    } satisfies Record<Timer, (when: string) => string>,
    deadline_near: (left: string, purpose: string) => `Reminder: ${left} left ${purpose}`,
    deadline_fired: (timer: string) => `Time is up: ${timer}`,
    call_rang: (me: boolean, name: string) => `${me ? 'You' : name} called`,
    call_answered: (me: boolean, name: string) => `${me ? 'You' : name} took the call`,
    call_lasted: (length: string) => `Call, ${length}`,
    call_missed: (me: boolean, name: string) => (me ? 'Your call was not answered' : `Missed call from ${name}`),
    call_busy: (name: string) => `${name} was in another call`,
    call_requested: (me: boolean, name: string) => (me ? 'You asked to be called' : `${name} asks you to call`),
    call_times_proposed: (me: boolean, name: string, times: readonly string[]) =>
      `${me ? 'You propose' : `${name} proposes`} to talk: ${times.join(' · ')}`,
    call_agreed: (when: string) => `Your call is on ${when}`,
    point_noted: (me: boolean, name: string) => `${me ? 'You' : name} noted what you agreed in the call`,
    point_dropped: (me: boolean, name: string) => `${me ? 'You' : name} did not keep that point`,
    brief_item_agreed: (me: boolean, name: string, point: string) => `${me ? 'You' : name} confirmed: ${point}`,
    notice_sent: (toMe: boolean, name: string, about: NoticeKind) =>
      `We e-mailed ${toMe ? 'you' : name}: ${notices[about] ?? 'about the order'}`,
    notices_sent: (n: number) => `${n} e-mails sent`,
    notice_bounced: (toMe: boolean, name: string, about: NoticeKind) =>
      `An e-mail to ${toMe ? 'you' : name} could not be delivered: ${notices[about] ?? 'about the order'}`,
    question_asked: (me: boolean, name: string, title: string) =>
      `${me ? 'You have' : `${name} has`} a question about “${title}”`,
    question_closed: (me: boolean, name: string) => `${me ? 'You' : name} put the question away`,
    option_proposed: (me: boolean, name: string, what: string) => `${me ? 'You propose' : `${name} proposes`} ${what}`,
    option_ordered: (amount: string) => `Payment of ${amount} ordered for the option`,
    option_added: (title: string, amount: string) => `“${title}” belongs to the order now, ${amount} paid`,
    option_unpaid: () => 'The payment of the option did not go through',
    seller_nudged: (me: boolean, name: string) => (me ? 'You nudged the seller' : `${name} is waiting for news`),
    erased: '(erased)',
    entry_redacted: () => 'A message was removed',
    redacted: 'Removed',
    unknown: 'Something happened that this version cannot show. Reload the page to see it.',
  },
};
