import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { adviceOf, told, WELL, type Heard } from '../src/call-quality.js';

const bad: Heard = { bad: true, trouble: null };
const dead: Heard = { bad: false, trouble: 'silent_microphone' };
const lost: Heard = { bad: true, trouble: 'one_way' };

describe('how a call sounds', () => {
  it('is what the server told last about each thing', () => {
    assert.deepEqual(told(told(WELL, 'quality_bad'), 'one_way'), lost);
    assert.deepEqual(told(told(lost, 'quality_good'), 'heard'), WELL);
    assert.equal(told(bad, 'connected'), bad);
  });

  it('says nothing while all is well', () => {
    assert.equal(adviceOf(WELL, WELL, false), null);
  });

  it('says first what the person can mend', () => {
    assert.equal(adviceOf(dead, lost, false), 'my_microphone');
    assert.equal(adviceOf(lost, bad, false), 'my_sound');
    assert.equal(adviceOf(WELL, dead, false), 'their_microphone');
    assert.equal(adviceOf(bad, lost, false), 'their_sound');
  });

  it('does not blame a microphone that is muted', () => {
    assert.equal(adviceOf(dead, WELL, true), null);
    assert.equal(adviceOf(dead, bad, true), 'theirs_bad');
  });

  it('names the direction that is bad', () => {
    assert.equal(adviceOf(bad, bad, false), 'both_bad');
    assert.equal(adviceOf(bad, WELL, false), 'mine_bad');
    assert.equal(adviceOf(WELL, bad, false), 'theirs_bad');
  });
});
