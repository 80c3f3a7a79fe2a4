import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { callers, endedCalls, lineOf, type Line } from '../src/entries.js';
import type { Entry, Event, Member } from '../src/protocol.js';

const members: Member[] = [
  { person: 'claire', role: 'buyer', name: 'Claire' },
  { person: 'marc', role: 'seller', name: 'Marc' },
];
const entry = (seq: number, event: unknown, actor = 'marc'): Entry => ({
  seq,
  at: '2026-11-23T12:00:00Z',
  actor,
  event: event as Event | null,
});
const lines = (me: string, ...entries: Entry[]): (Line | null)[] =>
  entries.map((e) =>
    lineOf(e, { language: 'en', me, members }, endedCalls(entries), callers(entries)),
  );

describe('an entry on the screen', () => {
  it('is told from the reader’s side', () => {
    const started = entry(1, { kind: 'order_started', delivery_due: '2026-11-30T12:00:00Z' });
    assert.match(lines('marc', started)[0]?.text ?? '', /^You started the order/);
    assert.match(lines('claire', started)[0]?.text ?? '', /^Marc started the order/);
  });

  it('names the buyer as who ordered, although the marketplace reported the payment', () => {
    const paid = entry(1, { kind: 'order_paid', title: 'A voice', category: 'v', price_cents: 1250, currency: 'EUR' }, 'marketplace');
    assert.equal(lines('marc', paid)[0]?.text, 'Claire ordered “A voice” for €12.50');
    assert.equal(lines('claire', paid)[0]?.text, 'You ordered “A voice” for €12.50');
  });

  it('tells a voice note by its length, and not by the name of its file', () => {
    const note = entry(1, { kind: 'file_shared', file: 'f', name: 'voice-note.ogg', size: 9, type: 'audio/ogg', millis: 62_000, voice: true });
    assert.equal(lines('claire', note)[0]?.text, 'Marc: Voice note · 1:02');
    assert.equal(lines('marc', note)[0]?.text, 'You: Voice note · 1:02');
  });

  it('tells money as ordered first and confirmed later, and what was refused as not lost', () => {
    const money = { cents: 1250, currency: 'EUR' };
    const [ordered, confirmed, refused] = lines(
      'claire',
      entry(7, { kind: 'money_refunded', ...money }),
      entry(8, { kind: 'money_confirmed', movement: 7, ...money }, 'marketplace'),
      entry(9, { kind: 'money_refused', movement: 7, ...money }, 'marketplace'),
    );
    assert.match(ordered?.text ?? '', /€12\.50 .*ordered/);
    assert.match(confirmed?.text ?? '', /confirms: €12\.50/);
    assert.match(refused?.text ?? '', /nothing is lost/);
    assert.equal(refused?.tone, 'warn');
  });

  it('welcomes the mediator by name, although their messages may come before the member list', () => {
    const joined = entry(5, { kind: 'mediator_joined', person: 'sam', name: 'Sam' }, 'marketplace');
    assert.match(lines('claire', joined)[0]?.text ?? '', /^Sam joined as the mediator/);
    assert.match(lines('sam', joined)[0]?.text ?? '', /^You joined/);
  });

  it('is one line for a call that is over', () => {
    const call = [
      entry(1, { kind: 'call_rang', call: 'c' }),
      entry(2, { kind: 'call_answered', call: 'c' }, 'claire'),
      entry(3, { kind: 'call_ended', call: 'c', end: 'completed', seconds: 72 }),
    ];
    assert.deepEqual(lines('claire', ...call).map((l) => l?.text), [undefined, undefined, 'Call, 1:12']);
    assert.deepEqual(lines('claire', ...call.slice(0, 2)).map((l) => l?.text), ['Marc called', 'You took the call']);
  });

  it('has the sound of a call in a word, the worse of both ways, and its figures on demand', () => {
    const sound = [
      { person: 'claire', word: 'good', opinion: 4.31, loss: 0.001, jitter_ms: 4, round_trip_ms: 61 },
      { person: 'marc', word: 'fair', opinion: 3.4, loss: 0.0312, jitter_ms: 21, round_trip_ms: 180 },
    ];
    const ended = entry(1, { kind: 'call_ended', call: 'c', end: 'completed', seconds: 72, sound }, 'marc');
    assert.deepEqual(lines('claire', ended)[0]?.details, {
      title: 'Fair sound',
      lines: [
        'You were heard well: score 4.3 of 4.5, 0.1% lost, 4 ms jitter, 61 ms there and back.',
        'Marc was heard fairly well: score 3.4 of 4.5, 3.1% lost, 21 ms jitter, 180 ms there and back.',
      ],
    });
  });

  it('says who missed whom', () => {
    const call = [entry(1, { kind: 'call_rang', call: 'c' }), entry(2, { kind: 'call_ended', call: 'c', end: 'no_answer' }, 'clock')];
    assert.equal(lines('claire', ...call)[1]?.text, 'Missed call from Marc');
    assert.equal(lines('marc', ...call)[1]?.text, 'Your call was not answered');
  });

  it('names who called also where the call was taken back or they were in another one', () => {
    const over = (end: string, actor: string): Entry[] =>
      [entry(1, { kind: 'call_rang', call: 'c' }), entry(2, { kind: 'call_ended', call: 'c', end }, actor)];
    const told = (me: string, end: string, actor: string): unknown => {
      const line = lines(me, ...over(end, actor))[1];
      return [line?.text, line?.tone];
    };
    assert.deepEqual(told('claire', 'cancelled', 'marc'), ['Missed call from Marc', 'warn']);
    assert.deepEqual(told('marc', 'cancelled', 'marc'), ['Call cancelled', 'plain']);
    assert.deepEqual(told('claire', 'busy', 'clock'), ['Missed call from Marc', 'warn']);
    assert.deepEqual(told('marc', 'busy', 'clock'), ['Claire was in another call', 'plain']);
    assert.deepEqual(told('claire', 'declined', 'claire'), ['You declined the call', 'plain']);
    assert.deepEqual(told('marc', 'declined', 'claire'), ['Claire declined the call', 'plain']);
  });

  it('is a neutral line when its kind is from the future, and never an error', () => {
    const future: unknown[] = [
      { kind: 'brief_item_given', item: 'text' },
      { kind: 'order_cancelled', reason: 'struck_by_lightning' },
      { kind: 'deadline_set', timer: 'moon', due: '2026-11-30T12:00:00Z' },
      { kind: 'call_ended', call: 'c', end: 'evaporated' },
      { kind: 'notice_sent', notice: 'carrier_pigeon', to: 'mediator' },
    ];
    for (const event of future) assert.notEqual(lines('claire', entry(1, event))[0]?.text ?? '', '');
  });

  it('is no line when another entry says it better', () => {
    assert.equal(lines('claire', entry(1, { kind: 'deadline_met', timer: 'delivery' }))[0], null);
    assert.equal(lines('claire', entry(1, { kind: 'message_sent', text: 'x' }))[0], null);
  });

  it('keeps the note of a step', () => {
    const line = lines('claire', entry(1, { kind: 'order_delivered', note: 'https://example.org/x' }))[0];
    assert.equal(line?.note, 'https://example.org/x');
  });
});
