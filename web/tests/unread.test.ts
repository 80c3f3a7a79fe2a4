import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry, Event } from '../src/protocol.js';
import { divider, firstUnread, speaks } from '../src/unread.js';

function entry(seq: number, actor: string, event: Event | null): Entry {
  return { seq, at: '2026-11-23T12:00:00Z', actor, event };
}
const said = (seq: number, actor = 'sam'): Entry => entry(seq, actor, { kind: 'message_sent', text: 'Bonjour' });
const shared = entry(4, 'sam', { kind: 'file_shared', file: 'f', name: 'a.pdf', size: 1, type: 'application/pdf' });

describe('what is unread', () => {
  it('is what somebody else said or shared and is still there, as in the inbox', () => {
    assert.deepEqual([said(1), said(2, 'ada'), entry(3, 'sam', null), shared].map((e) => speaks(e, 'ada')), [true, false, false, true]);
    assert.equal(speaks(entry(5, 'sam', { kind: 'brief_handed_over' }), 'ada'), false);
  });

  it('begins after what was read, with a file as with a message', () => {
    const entries = [said(1), said(2, 'ada'), entry(3, 'sam', null), shared, said(5)];
    assert.equal(firstUnread(entries, 'ada', 0), 1);
    assert.equal(firstUnread(entries, 'ada', 1), 4);
    assert.equal(firstUnread(entries, 'ada', 5), null);
  });

  it('keeps its line before whoever looks, and follows other screens while nobody does', () => {
    const entries = [said(1), said(2), said(3)];
    assert.equal(divider(undefined, true, entries, 'ada', 1), 2); // the room opens
    assert.equal(divider(2, true, entries, 'ada', 3), 2); // and is read
    assert.equal(divider(null, true, entries, 'ada', 2), null); // what comes before one's eyes is not new
    assert.equal(divider(null, false, entries, 'ada', 2), 3); // what comes meanwhile is
    assert.equal(divider(3, false, entries, 'ada', 3), null); // until it is read elsewhere
  });
});
