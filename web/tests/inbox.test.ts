import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { merged, ranked } from '../src/inbox.js';
import type { InboxLine } from '../src/protocol.js';

const line = (order: string, rest: Partial<InboxLine> = {}): InboxLine => ({
  order,
  title: order,
  state: 'in_progress',
  role: 'buyer',
  other: 'Marc',
  head: 5,
  unread: 0,
  ...rest,
});
const order = (lines: readonly InboxLine[]): string[] => lines.map((l) => l.order);

describe('the list of all orders', () => {
  it('has what is due first on top, what has no clock after it, and what ended last', () => {
    const lines = [
      line('ended', { state: 'closed', due: '2026-11-23T12:00:00Z', unread: 3 }),
      line('calm'),
      line('later', { due: '2026-11-25T12:00:00Z' }),
      line('soon', { due: '2026-11-23T13:00:00Z' }),
    ];
    assert.deepEqual(order(ranked(lines)), ['soon', 'later', 'calm', 'ended']);
  });

  it('puts my turn, then unread talk, before equals', () => {
    const lines = [line('quiet'), line('talk', { unread: 1 }), line('mine', { my_turn: true })];
    assert.deepEqual(order(ranked(lines)), ['mine', 'talk', 'quiet']);
  });

  it('takes changed lines in place and new ones behind, and is not set back by an older one', () => {
    const known = [line('a'), line('b', { head: 9, unread: 2 })];
    const now = merged(known, [line('b', { head: 8 }), line('a', { head: 5, unread: 0, my_turn: true }), line('c')]);
    assert.deepEqual(order(now), ['a', 'b', 'c']);
    assert.equal(now[0]?.my_turn, true);
    assert.equal(now[1]?.unread, 2);
  });

  it('lets go of what the person may not see any more, and takes it back as new', () => {
    const left = merged([line('a'), line('b', { head: 9 })], [line('a', { unread: 1 })], ['b', 'never known']);
    assert.deepEqual(order(left), ['a']);
    assert.equal(left[0]?.unread, 1);
    assert.deepEqual(order(merged(left, [line('b', { head: 8 })])), ['a', 'b']);
  });
});
