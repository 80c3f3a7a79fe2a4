import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Batch, Entry, Event } from '../src/protocol.js';
import {
  accepted,
  apply,
  EMPTY,
  find,
  olderThan,
  prepend,
  rejected,
  retried,
  write,
  type Timeline,
} from '../src/timeline.js';

const entry = (seq: number, more: Partial<Entry> = {}): Entry => ({
  seq,
  at: `2026-11-23T10:00:${String(seq % 60).padStart(2, '0')}Z`,
  actor: 'claire',
  event: { kind: 'message_sent', text: `line ${seq}` },
  ...more,
});

const batch = (after: number, upto: number, more: Partial<Batch> = {}): Batch => ({
  t: 'batch',
  order: 'o1',
  after,
  upto,
  head: upto,
  link: `link${upto}`,
  entries: Array.from({ length: upto - after }, (_, i) => entry(after + 1 + i)),
  ...more,
});

const seqs = (t: Timeline): number[] => t.entries.map((e) => e.seq);
const after = (...batches: Batch[]): Timeline =>
  batches.reduce((t, b) => apply(t, b, 'claire').timeline, EMPTY);

describe('the timeline', () => {
  it('begins with the newest page, wherever that is', () => {
    const t = after(batch(40, 43));
    assert.deepEqual(seqs(t), [41, 42, 43]);
    assert.equal(t.position, 43);
    assert.equal(t.link, 'link43');
  });

  it('goes on with a batch that continues it', () => {
    const { timeline, fresh, gap } = apply(after(batch(0, 2)), batch(2, 4), 'claire');
    assert.deepEqual(seqs(timeline), [1, 2, 3, 4]);
    assert.deepEqual(fresh.map((e) => e.seq), [3, 4]);
    assert.equal(gap, false);
  });

  it('takes only the new part of a batch that overlaps', () => {
    const { timeline, fresh } = apply(after(batch(0, 3)), batch(1, 5), 'claire');
    assert.deepEqual(seqs(timeline), [1, 2, 3, 4, 5]);
    assert.deepEqual(fresh.map((e) => e.seq), [4, 5]);
  });

  it('ignores a batch it has already', () => {
    const before = after(batch(0, 3));
    const { timeline, fresh, gap } = apply(before, batch(1, 3), 'claire');
    assert.equal(timeline, before);
    assert.deepEqual([fresh.length, gap], [0, false]);
  });

  it('reports a gap and keeps its position, so that it can ask again', () => {
    const { timeline, gap } = apply(after(batch(0, 3)), batch(5, 6), 'claire');
    assert.equal(gap, true);
    assert.deepEqual(seqs(timeline), [1, 2, 3]);
    assert.equal(timeline.position, 3);
    assert.equal(timeline.head, 6);
  });

  it('forgets everything on reset but not what was never sent', () => {
    const t = write(after(batch(0, 9)), 'a', 'unsent', 0);
    const { timeline } = apply(t, batch(1, 3, { reset: true }), 'claire');
    assert.deepEqual(seqs(timeline), [2, 3]);
    assert.equal(timeline.head, 3);
    assert.equal(timeline.pending.length, 1);
  });

  it('puts a page of history in front, once', () => {
    const t = after(batch(10, 12));
    const page = { t: 'page', id: 'x', order: 'o1', before: 11, first: 9, entries: [entry(9), entry(10)] } as const;
    const longer = prepend(t, page);
    assert.deepEqual(seqs(longer), [9, 10, 11, 12]);
    assert.deepEqual(seqs(prepend(longer, page)), [9, 10, 11, 12]);
    assert.equal(olderThan(longer), 9);
    assert.equal(find(longer, 10)?.seq, 10);
  });

  it('knows when the beginning is here', () => {
    assert.equal(olderThan(after(batch(0, 2))), null);
    assert.equal(olderThan(EMPTY), null);
  });

  it('empties an entry that a later one says was redacted', () => {
    const tells: Event = { kind: 'entry_redacted', seq: 2 };
    const t = after(batch(0, 2), batch(2, 3, { entries: [entry(3, { event: tells, actor: 'marketplace' })] }));
    assert.equal(find(t, 2)?.event, null);
    assert.notEqual(find(t, 1)?.event, null);
  });
});

describe('a message of one’s own', () => {
  it('is shown at once and replaced by its echo, never shown twice', () => {
    const t = write(after(batch(0, 1)), 'id-1', 'hello', 5);
    assert.equal(t.pending[0]?.delivery, 'waiting');
    const echoed = apply(t, batch(1, 2, { entries: [entry(2, { client_id: 'id-1' })] }), 'claire');
    assert.deepEqual(echoed.timeline.pending, []);
    assert.deepEqual(seqs(echoed.timeline), [1, 2]);
  });

  it('is not replaced by somebody else’s entry that happens to have the same client id', () => {
    const t = write(after(batch(0, 1)), 'id-1', 'hello', 5);
    const other = batch(1, 2, { entries: [entry(2, { client_id: 'id-1', actor: 'marc' })] });
    assert.equal(apply(t, other, 'claire').timeline.pending.length, 1);
  });

  it('stays until its entry arrives when the answer comes first', () => {
    const t = accepted(write(after(batch(0, 1)), 'id-1', 'hello', 5), 'id-1', 3);
    assert.equal(t.pending[0]?.delivery, 'sent');
    const echoed = apply(t, batch(1, 3, { entries: [entry(2), entry(3)] }), 'claire');
    assert.deepEqual(echoed.timeline.pending, []);
  });

  it('disappears at the answer when its entry is long here (asked again after a reload)', () => {
    const t = write(after(batch(0, 9)), 'id-1', 'hello', 5);
    assert.deepEqual(accepted(t, 'id-1', 4).pending, []);
  });

  it('keeps the sentence of a refusal until it is tried again', () => {
    const t = rejected(write(EMPTY, 'id-1', 'hello', 5), 'id-1', 'Too long.');
    assert.equal(t.pending[0]?.why, 'Too long.');
    assert.deepEqual(retried(t, 'id-1').pending[0], { id: 'id-1', text: 'hello', at: 5, delivery: 'waiting' });
  });

  it('is written once, however often the same id comes', () => {
    assert.equal(write(write(EMPTY, 'a', 'x', 0), 'a', 'x', 0).pending.length, 1);
  });
});
