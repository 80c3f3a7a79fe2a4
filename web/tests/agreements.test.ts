import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answered, confirmed, lastTalk, localValue, suggested, TIMES } from '../src/call-agreements.js';
import type { Entry } from '../src/protocol.js';

function entries(...events: Record<string, unknown>[]): Entry[] {
  return events.map((event, i) => ({ seq: i + 1, at: '2026-11-23T12:00:00Z', actor: 'ada', event }) as unknown as Entry);
}

describe('times to talk', () => {
  const friday = new Date(2026, 10, 20, 16, 50).getTime();

  it('are suggested in working hours of working days, each later than the last', () => {
    for (let hour = 0; hour < 24 * 8; hour += 1) {
      const now = friday + hour * 3_600_000;
      const times = suggested(now);
      assert.equal(times.length, TIMES);
      assert.deepEqual([...times].sort((a, b) => a - b), times);
      for (const time of times) {
        const at = new Date(time);
        assert.ok(time >= now + 15 * 60_000);
        assert.ok(at.getHours() >= 9 && at.getHours() <= 18 && at.getMinutes() === 0);
        assert.ok(at.getDay() >= 1 && at.getDay() <= 5);
      }
    }
  });

  it('stand in a field as the clock on the wall shows them', () => {
    assert.equal(localValue(new Date(2026, 0, 5, 9, 3).getTime()), '2026-01-05T09:03');
  });
});

describe('the minutes of a call', () => {
  it('are of the last call in which somebody talked', () => {
    const talked = entries(
      { kind: 'call_answered', call: 'c1' }, { kind: 'call_ended', call: 'c1', end: 'completed' },
      { kind: 'call_ended', call: 'c2', end: 'no_answer' },
    );
    assert.equal(lastTalk(talked), 'c1');
    assert.equal(lastTalk(talked.slice(2)), null);
  });

  it('hold the points that both confirmed, in that order', () => {
    const told = entries(
      { kind: 'point_noted', call: 'c1', text: 'MP3' }, { kind: 'point_noted', call: 'c1', text: 'lundi' },
      { kind: 'point_noted', call: 'c2', text: 'autre' }, { kind: 'brief_item_agreed', proposal: 2, label: 'lundi' },
      { kind: 'point_dropped', proposal: 1 }, { kind: 'brief_item_agreed', proposal: 3, label: 'autre' },
    );
    assert.deepEqual(confirmed(told, 'c1'), ['lundi']);
    assert.deepEqual([...answered(told)], [2, 1, 3]);
  });
});
