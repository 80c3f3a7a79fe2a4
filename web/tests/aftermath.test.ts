import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aftermath, wordsOf } from '../src/aftermath.js';
import type { Entry, Event } from '../src/protocol.js';
import { apply, EMPTY } from '../src/timeline.js';

const entries = (...events: (Event | null)[]): Entry[] =>
  events.map((event, i) => ({ seq: i + 1, at: `2026-11-23T12:00:0${i}Z`, actor: i % 2 ? 'marc' : 'claire', event }));

describe('what became of a message', () => {
  it('is its newest words', () => {
    const told = entries(
      { kind: 'message_sent', text: 'one' },
      { kind: 'message_edited', message: 1, text: 'two' },
      { kind: 'message_edited', message: 1, text: 'three' },
    );
    const { of } = aftermath(told);
    assert.equal(wordsOf(told[0]!, of.get(1)), 'three');
    assert.equal(of.get(1)?.editedAt, '2026-11-23T12:00:02Z');
  });

  it('is nothing once it was withdrawn, and nothing of its edits and reactions', () => {
    const told = entries(
      { kind: 'message_sent', text: 'one' },
      { kind: 'reaction_added', message: 1, reaction: 'agree' },
      { kind: 'message_edited', message: 1, text: 'two' },
      { kind: 'message_withdrawn', message: 1, versions: [3] },
    );
    const { timeline } = apply(EMPTY, { t: 'batch', order: 'o', after: 0, upto: 4, head: 4, entries: told }, null);
    assert.deepEqual(timeline.entries.map((e) => e.event?.kind), [undefined, 'reaction_added', undefined, 'message_withdrawn']);
    const { of, hidden } = aftermath(timeline.entries);
    assert.equal(wordsOf(timeline.entries[0]!, of.get(1)), null);
    assert.equal(of.get(1)?.withdrawn, true);
    assert.equal(of.get(1)?.reactions, undefined);
    assert.ok(hidden.has(3));
  });

  it('counts each person once for a reaction, and takes it away again', () => {
    const told = entries(
      { kind: 'message_sent', text: 'one' },
      { kind: 'reaction_added', message: 1, reaction: 'agree' },
      { kind: 'reaction_added', message: 1, reaction: 'agree' },
      { kind: 'reaction_added', message: 1, reaction: 'agree' },
      { kind: 'reaction_removed', message: 1, reaction: 'agree' },
    );
    assert.deepEqual(aftermath(told).of.get(1)?.reactions, new Map([['agree', ['marc']]]));
  });

  it('is the later verdict of a file', () => {
    const told = entries(
      { kind: 'file_shared', file: 'f', name: 'a.zip', size: 1, type: 'application/zip', scan: 'scanning' },
      { kind: 'file_scanned', shared: 1, scan: 'infected' },
    );
    assert.equal(aftermath(told).of.get(1)?.scan, 'infected');
  });
});

describe('an erased entry', () => {
  it('keeps what is left of it', () => {
    const left: Event = { kind: 'order_delivered', note: '' };
    const told = entries({ kind: 'order_delivered', note: 'secret' }, { kind: 'entry_redacted', seq: 1, left });
    const { timeline } = apply(EMPTY, { t: 'batch', order: 'o', after: 0, upto: 2, head: 2, entries: told }, null);
    assert.deepEqual(timeline.entries[0]?.event, left);
    assert.ok(aftermath(timeline.entries).erased.has(1));
  });
});
