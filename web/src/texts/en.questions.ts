/** What people ask at a step, and short answers. No lengths: those are the order's settings. */
import type { Role, State } from '../protocol.js';

export type Question = readonly [question: string, answer: string];
export type Questions = Record<Role, Record<State, readonly Question[]>>;

const money: Question = [
  'Where is my money?',
  'In a secured escrow account. The seller gets it only once the order is finished and you have validated it.',
];
const seenOnCard: Question = [
  'When do I see a refund?',
  'It leaves at once. A wallet or PayPal shows it right away; a bank card takes 3 to 5 working days.',
];
const running: Question = [
  'The order goes on. What is left for me to do?',
  'Nothing to decide. You can read along; if the order is put on hold again, it is decided anew.',
];
const final: Question = [
  'Can I change the decision?',
  'No. It is final, the money has been ordered, and your reasons stand in the conversation for both of them.',
];
const partial: Question = [
  'Can we agree on a part of the money?',
  'Yes. Either of you may propose an amount under “Agree on something”. Nothing moves until the other accepts, and it can be taken back until then.',
];
const whoDecides: Question = [
  'Who decides, and when?',
  'A mediator of the marketplace, usually sent within one or two days. They read the whole order, ask both of you, and give their reasons.',
];

export const questions: Questions = {
  buyer: {
    question: [
      ['What does asking cost?', 'Nothing. You pay only if you order, and then the money waits in escrow.'],
      ['How do I order?', 'On the service’s page. What you talked about here stays with the order.'],
    ],
    question_closed: [
      ['Can I ask again?', 'Yes, from the service’s page. This conversation stays readable here.'],
    ],
    awaiting_validation: [
      ['What if I do not have everything?', 'Send what you have and say when the rest will come. If it is not enough in time, the order is cancelled, you get all of your money back, and you can order again once you are ready. You can also ask the seller to agree to more time.'],
      ['What happens when the clock reaches zero?', 'If the seller has not started by then, the order is cancelled by itself and everything you paid is refunded at once: visible immediately in a wallet or on PayPal, after 3 to 5 working days on a bank card.'],
      ['Is what I send protected?', 'The seller has promised confidentiality. Still, leave out passwords that open a whole account, card or bank details, and private phone numbers or addresses. If access is needed, make a separate account that can do only what the work takes.'],
      ['The seller does not answer. What now?', 'Give it a few hours, then write again: every message is also announced by e-mail. As a last resort you can cancel at any moment of this step and get everything back.'],
      ['In doubt about something?', 'Ask here, or suggest a call. Two minutes of talk often settle what ten messages do not.'],
    ],
    in_progress: [
      ['Can I still change what I asked for?', 'Small clarifications, yes: write them here. What goes beyond the order is the seller’s to accept, and may need more time.'],
      ['Can I still cancel?', 'You can ask for it and say why. If the seller agrees, you get everything back. If they refuse, you may ask for a mediator; a second refusal calls one by itself.'],
      ['What if it is not delivered in time?', 'From the delivery date on you can cancel alone, with a full refund, or leave the seller more time.'],
      money,
    ],
    late: [
      ['Do I have to cancel?', 'No. You can simply wait, or agree on a new date. The right to cancel alone stays yours until the seller delivers.'],
      ['What do I get back if I cancel?', 'All of it, at once, on the means of payment you used. A bank card shows it after 3 to 5 working days.'],
      partial,
    ],
    delivered: [
      ['What if I say nothing?', 'When the time to check is over, the order closes by itself and the seller is paid. So look at the work before the clock reaches zero.'],
      ['It is not quite right. What can I do?', 'Ask for a revision before the clock reaches zero, and say exactly what should change. The clock stops, your money stays in escrow and the conversation opens again.'],
      ['I need more time to look at it.', 'This clock cannot be extended. If you already see what is missing, ask for a revision: it stops the clock.'],
      ['Why can I not write now?', 'While a delivery is being checked there are two answers: accept it, or ask for a revision. Either opens the conversation again.'],
    ],
    revision_requested: [
      ['What if the seller does not answer?', 'When their time is over, you may ask for a mediator. Nothing is paid out meanwhile.'],
      ['May the seller refuse?', 'Yes, with a reason: the wish is unclear, or goes beyond what was ordered. Then the choice is yours: accept the work as it is, or ask for a mediator.'],
      partial,
    ],
    revision_refused: [
      ['What if I do not choose?', 'When the clock reaches zero, the order closes and the seller is paid. To contest it, ask for a mediator before that.'],
      ['What does a mediator do?', 'The order is put on hold and nobody touches the money. The mediator reads everything, asks both of you, then refunds you, pays the seller, splits the money or lets the work go on.'],
      partial,
    ],
    cancel_requested: [
      ['Can I change my mind?', 'Yes. As long as the seller has not answered, you can let the order go on.'],
      ['What if the seller refuses?', 'The first time, the order goes on and you may ask for a mediator. A second refusal calls a mediator by itself.'],
      ['What if the seller does not answer?', 'When their time is over you may ask for a mediator. Nothing moves without an answer.'],
      seenOnCard,
    ],
    frozen: [
      whoDecides,
      ['Why can I not write?', 'Until the mediator joins, the conversation is paused. From then on it is a conversation of three.'],
      ['What may become of my money?', 'It comes back to you in full or in part, goes to the seller, or stays in escrow while the work goes on. Until then nobody touches it.'],
      ['What helps my case?', 'Facts: what was agreed in writing, what was delivered, what is missing. Only what stands in this order counts, so sum up what was said in calls.'],
    ],
    closed: [
      ['I found a mistake. What now?', 'The conversation stays open for a few days: write to the seller. A refund is no longer possible once the order is closed.'],
      ['Can I keep what was said?', 'Yes. Download the record below: it holds every message and every step, sealed so that a change would show.'],
    ],
    cancelled: [
      seenOnCard,
      ['No refund shows on my bank account.', 'If the bank had not collected the payment yet, it may just drop the debit: then there is no separate line. After five working days without either, write to support with the record of this order.'],
      ['Can I order again?', 'Yes. A cancelled order stays closed, but you can place a new one as soon as you have everything.'],
    ],
    expired: [
      ['Why did the order expire?', 'An order has a longest life, counted from the payment. It ended without either side finishing it.'],
      ['What becomes of my money?', 'It left escrow to the marketplace. Write to support: you may ask for a voucher, less taxes and bank fees.'],
    ],
  },
  seller: {
    question: [
      ['Am I bound to anything?', 'No. Nothing is ordered or paid until the buyer orders on the service’s page.'],
    ],
    question_closed: [
      ['Can the buyer still order?', 'Yes, from the service’s page. This conversation stays readable here.'],
    ],
    awaiting_validation: [
      ['What if something essential is missing?', 'Ask for it in the list, here or in a call. You can also propose more time. If it does not come before zero, the order is cancelled and the buyer refunded.'],
      ['When should I start?', 'As soon as you judge that you have what you need. Starting stops this clock and fixes the delivery date, so do not wait for the last minute.'],
      ['When do I get paid?', 'The money is already in escrow. It is yours once the buyer accepts your delivery, or when the time to check it has passed.'],
      ['I cannot do this order.', 'Decline it: the buyer gets everything back at once. It weighs on your completion rate, but less than an order that lapses in silence.'],
      ['The buyer offers me a password.', 'Refuse it kindly. Ask for a separate account with only the rights the work takes, and never for bank details.'],
    ],
    in_progress: [
      ['May I deliver a part first?', 'Share drafts in the conversation. Deliver once the work is complete: delivering starts the buyer’s time to check it.'],
      ['I need more time.', 'Propose it early under “Agree on something”. If the buyer accepts, the delivery date moves for both of you.'],
      ['What if I am late?', 'The buyer may then cancel alone and get everything back. You can still deliver as long as they have not.'],
      ['The buyer wants more than was ordered.', 'Say so here and agree on it in writing. You may refuse what goes beyond the order.'],
    ],
    late: [
      ['Can I still deliver?', 'Yes, until the buyer cancels. Tell them when the work will come: many would rather wait than start over.'],
      ['Will I be paid?', 'Yes, in full, if the buyer accepts the delivery. If they cancel now, everything goes back to them.'],
      partial,
    ],
    delivered: [
      ['The buyer says nothing. Am I paid?', 'Yes. When the time to check is over, the order closes by itself and the money is released to you.'],
      ['I forgot something.', 'While the delivery is being checked the conversation is paused. If the buyer asks for a revision, it opens again and you can complete the work.'],
    ],
    revision_requested: [
      ['May I refuse?', 'Yes, with a reason: the wish is unclear, or goes beyond the order. The buyer then accepts the work as it is or asks for a mediator.'],
      ['What if I accept?', 'You get a new delivery date and the order is in progress again. The money stays in escrow.'],
      ['What if I do not answer?', 'When your time is over, the buyer may ask for a mediator. Your silence will be part of what they read.'],
    ],
    revision_refused: [
      ['What happens now?', 'The buyer accepts the work as it is, or asks for a mediator. If they do neither in time, the order closes and you are paid.'],
      partial,
    ],
    cancel_requested: [
      ['What if I agree?', 'The order ends, the buyer gets everything back at once, and you receive nothing for it.'],
      ['What if I refuse?', 'The first time the order goes on, and the buyer may ask for a mediator. A second refusal calls one by itself. Say why: they will read it.'],
      ['What if I do not answer?', 'When your time is over, the buyer may ask for a mediator.'],
      partial,
    ],
    frozen: [
      whoDecides,
      ['Should I go on working?', 'Better not. The clocks stand still; if the order is to go on, they continue with the time that was left.'],
      ['What helps my case?', 'Facts: what was agreed in writing, what you delivered and when. Only what stands in this order counts, so sum up what was said in calls.'],
    ],
    closed: [
      ['Where is my money?', 'It was ordered to your wallet. The line in the conversation says when the payment service confirmed it.'],
      ['Can the buyer still ask for a refund?', 'No. Once an order is closed there is no refund any more. You can still write to each other for a few days.'],
    ],
    cancelled: [
      ['Why was it cancelled?', 'The conversation says by whom or by which clock, and what was still missing.'],
      ['The work was half done. What now?', 'This order cannot be revived. The buyer may order again; agree beforehand on what is included.'],
    ],
    expired: [
      ['Why did the order expire?', 'An order has a longest life, counted from the payment. It ended before the buyer accepted a delivery, so nothing is paid out.'],
    ],
  },
  mediator: {
    question: [
      ['What can be decided here?', 'Nothing: no money is involved before an order is paid.'],
    ],
    question_closed: [
      ['What remains of it?', 'The conversation, readable for both. No money was ever involved.'],
    ],
    awaiting_validation: [running],
    in_progress: [running],
    late: [running],
    delivered: [running],
    revision_requested: [running],
    revision_refused: [running],
    cancel_requested: [running],
    frozen: [
      ['What do they see of what I write?', 'Everything, both of them: there is one conversation of three, and it stays in the record.'],
      ['What does each decision do?', 'Refund: the buyer gets everything and the order is cancelled. Pay: the seller gets everything and the order is complete. Split: you name the buyer’s share, the seller gets the rest, the order is complete. Go on: nothing is paid and the clocks continue.'],
      ['Do I have to give reasons?', 'Yes, always. Both read them, and they stay with the order.'],
      ['Do the clocks run while I decide?', 'No. They stand still and keep what was left.'],
    ],
    closed: [final],
    cancelled: [final],
    expired: [final],
  },
};
