import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockFace, inWords, passed, remaining, segments, ServerClock, share, urgency } from '../src/countdown.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SERVER = Date.parse('2026-11-23T12:00:00Z');

describe('the server’s clock', () => {
  it('is right within half a round trip, however wrong the device is', () => {
    const clock = new ServerClock();
    clock.observe(SERVER, 5_000, 200); // the server wrote this 100 ms before local time 5 000
    assert.equal(clock.now(5_000), SERVER + 100);
    assert.equal(clock.now(65_000), SERVER + 100 + MINUTE);
  });

  it('prefers the smallest round trip', () => {
    const clock = new ServerClock();
    clock.observe(SERVER, 0, 20);
    clock.observe(SERVER + 1_000 + 300, 1_000, 900);
    assert.equal(clock.offset, SERVER + 10);
    clock.observe(SERVER + 2_000 + 5, 2_000, 4);
    assert.equal(clock.offset, SERVER + 7);
  });

  it('moves up at once: what arrives can be old, never from the future', () => {
    const clock = new ServerClock();
    clock.observe(SERVER, 0);
    clock.observe(SERVER + 1_000 + 250, 1_000);
    assert.equal(clock.offset, SERVER + 250);
  });

  it('is not pulled down by one slow frame', () => {
    const clock = new ServerClock();
    clock.observe(SERVER, 0);
    clock.observe(SERVER + 1_000 - 9_000, 1_000);
    assert.equal(clock.offset, SERVER);
    clock.observe(SERVER + 2_000 - 40, 2_000);
    clock.observe(SERVER + 3_000 - 9_000, 3_000);
    assert.equal(clock.offset, SERVER);
  });

  it('moves down when two frames in a row say so: a clock was set back', () => {
    const clock = new ServerClock();
    clock.observe(SERVER, 0, 10);
    clock.observe(SERVER + 1_000 - 10 * MINUTE, 1_000);
    clock.observe(SERVER + 2_000 - 10 * MINUTE, 2_000);
    assert.equal(clock.offset, SERVER - 10 * MINUTE);
  });

  it('ignores a time that is none', () => {
    const clock = new ServerClock();
    clock.observe(NaN, 0, 1);
    assert.equal(clock.offset, null);
  });
});

describe('time left', () => {
  it('is cut into parts and shows zero only at zero', () => {
    const left = remaining(SERVER + DAY + 2 * HOUR + 3 * MINUTE + 4_200, SERVER);
    assert.deepEqual([left.days, left.hours, left.minutes, left.seconds], [1, 2, 3, 5]);
    assert.equal(remaining(SERVER + 1, SERVER).seconds, 1);
    assert.deepEqual(remaining(SERVER - 5, SERVER), { ms: 0, days: 0, hours: 0, minutes: 0, seconds: 0 });
  });

  it('shows seconds in the last day only', () => {
    const units = { day: 'd', hour: 'h', minute: 'min', second: 's' };
    const shown = (ms: number): string =>
      segments(remaining(ms, 0), units).map((s) => `${s.value}${s.unit}`).join(' ');
    assert.equal(shown(2 * DAY), '2d 00h 00min');
    assert.equal(shown(5 * HOUR + MINUTE), '5h 01min 00s');
    assert.equal(shown(2 * MINUTE + 9_000), '2min 09s');
    assert.equal(shown(0), '0min 00s');
  });

  it('is a share of its window between one and zero', () => {
    assert.equal(share(0, 100, 25), 0.75);
    assert.equal(share(0, 100, 200), 0);
    assert.equal(share(0, 100, -50), 1);
    assert.equal(share(100, 100, 100), 0);
  });

  it('becomes urgent with the time that is left, not only with the share', () => {
    assert.equal(urgency(0, 48 * HOUR, HOUR), 'calm');
    assert.equal(urgency(0, 48 * HOUR, 40 * HOUR), 'soon');
    assert.equal(urgency(0, 48 * HOUR, 47.5 * HOUR), 'urgent');
    assert.equal(urgency(0, 3 * MINUTE, 0), 'urgent');
    assert.equal(urgency(0, HOUR, HOUR), 'over');
  });

  it('is said in words of the language', () => {
    assert.equal(inWords(DAY + 3 * HOUR, 'en'), '1 day, 3 hours');
    assert.equal(inWords(2 * HOUR, 'en'), '2 hours');
    assert.match(inWords(DAY + 3 * HOUR, 'fr'), /1\sjour.*3\sheures/);
    assert.equal(inWords(0, 'en'), '0 seconds');
  });

  it('is announced when a mark is passed, and only then', () => {
    assert.equal(passed(null, 59 * MINUTE), null);
    assert.equal(passed(HOUR + 500, HOUR - 500), HOUR);
    assert.equal(passed(HOUR - 500, HOUR - 1_500), null);
    assert.equal(passed(25 * HOUR, 9 * MINUTE), 10 * MINUTE);
    assert.equal(passed(1_000, 0), null);
  });
});

describe('the length of a call', () => {
  it('reads like a clock', () => {
    assert.deepEqual([7_000, 751_000, 3_729_000].map(clockFace), ['0:07', '12:31', '1:02:09']);
  });
});
