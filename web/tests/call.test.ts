import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stateOf, type Seen } from '../src/call-state.js';
import type { CallNow } from '../src/protocol.js';

const rings: CallNow = {
  call: 'c1',
  caller: 'marc',
  callee: 'claire',
  rang_at: '2026-11-23T12:00:00Z',
  rings_until: '2026-11-23T12:00:30Z',
  answered_at: null,
};
const talks: CallNow = { ...rings, answered_at: '2026-11-23T12:00:05Z' };
const seen = (more: Partial<Seen>): Seen => ({
  me: 'claire',
  now: null,
  mine: null,
  asking: null,
  silenced: null,
  hungUp: null,
  connected: false,
  ended: false,
  ...more,
});

describe('the call on this tab', () => {
  it('rings at who is called and waits at the tab that called', () => {
    assert.equal(stateOf(seen({ now: rings })), 'ringing');
    assert.equal(stateOf(seen({ now: rings, me: 'marc', mine: 'c1' })), 'calling');
  });

  it('is elsewhere for the caller’s other tabs, also while it rings', () => {
    assert.equal(stateOf(seen({ now: rings, me: 'marc' })), 'elsewhere');
    assert.equal(stateOf(seen({ now: talks, me: 'marc' })), 'elsewhere');
    assert.equal(stateOf(seen({ now: talks })), 'elsewhere');
  });

  it('shows that it is being placed before the server knows of it', () => {
    assert.equal(stateOf(seen({ asking: 'start' })), 'calling');
  });

  it('is silent where it was silenced, until it is taken or another one rings', () => {
    assert.equal(stateOf(seen({ now: rings, silenced: 'c1' })), 'silenced');
    assert.equal(stateOf(seen({ now: rings, silenced: 'c0' })), 'ringing');
    assert.equal(stateOf(seen({ now: rings, silenced: 'c1', asking: 'accept' })), 'connecting');
    assert.equal(stateOf(seen({ now: talks, silenced: 'c1' })), 'elsewhere');
  });

  it('connects from the moment it is taken until the sound flows', () => {
    assert.equal(stateOf(seen({ now: rings, asking: 'accept' })), 'connecting');
    assert.equal(stateOf(seen({ now: talks, asking: 'accept' })), 'connecting');
    assert.equal(stateOf(seen({ now: talks, mine: 'c1' })), 'connecting');
    assert.equal(stateOf(seen({ now: talks, mine: 'c1', connected: true })), 'active');
  });

  it('becomes the other’s call when both called at once', () => {
    assert.equal(stateOf(seen({ now: rings, asking: 'start' })), 'connecting');
    assert.equal(stateOf(seen({ now: talks, mine: 'c1', connected: true })), 'active');
  });

  it('ends with a summary, and then there is none', () => {
    assert.equal(stateOf(seen({ ended: true })), 'ended');
    assert.equal(stateOf(seen({})), 'idle');
  });

  it('is over for who hung up before the server knows it', () => {
    assert.equal(stateOf(seen({ now: talks, hungUp: 'c1', ended: true })), 'ended');
    assert.equal(stateOf(seen({ now: talks, hungUp: 'c1' })), 'idle');
    assert.equal(stateOf(seen({ now: talks, hungUp: 'c0' })), 'elsewhere');
  });

  it('gives way to a new call while the summary of the last is shown', () => {
    assert.equal(stateOf(seen({ ended: true, now: rings })), 'ringing');
  });
});
