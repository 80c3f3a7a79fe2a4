import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Outbox, pauseAfter, putOff } from '../src/outbox.js';
import type { Asking } from '../src/protocol.js';
import { accepted, EMPTY, held, rejected, retried, write, type Timeline } from '../src/timeline.js';

const message: Asking = { t: 'message.send', id: 'm1', order: 'o1', text: 'Bonjour' };
const flood = { code: 'rate_exceeded', facts: { limit: 'same_text', retry_after: 58 } };

function waiting(): Timeline {
  return held(write(EMPTY, 'm1', 'Bonjour', 0), 'm1', 'same_text', 58_000);
}

describe('a message that came too fast', () => {
  it('waits as long as the server says and not a moment less', () => {
    assert.equal(pauseAfter(flood, 0, 1), 58_000);
    assert.ok((pauseAfter(flood, 1, 1) ?? 0) >= 58_000);
    assert.equal(pauseAfter({ ...flood, facts: {} }, 0, 4), 4_000);
    assert.equal(pauseAfter({ code: 'text_too_long', facts: { retry_after: 5 } }, 0, 4), null);
  });

  it('is never given up, however often it is refused', () => {
    const ask = new Outbox(null, 'k').add(message, null, Infinity);
    ask.tries = 50;
    assert.equal(putOff(ask, flood, 0), 58_000);
    assert.equal(putOff(ask, { code: 'unavailable', facts: {} }, 0), null);
  });

  it('says which limit it met, until it is tried again, taken or refused', () => {
    assert.deepEqual(waiting().pending[0]?.held, { limit: 'same_text', until: 58_000 });
    assert.equal(waiting().pending[0]?.delivery, 'waiting');
    const ends = [retried(waiting(), 'm1'), accepted({ ...waiting(), position: 1 }, 'm1', 5), rejected(waiting(), 'm1', 'Trop long.')];
    for (const { pending } of ends) assert.equal(pending[0]?.held, undefined);
  });
});
