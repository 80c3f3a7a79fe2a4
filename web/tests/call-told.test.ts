import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { heed, nothingTold } from '../src/call-told.js';

describe('what the server told of a call', () => {
  it('holds for that call and for none after it', () => {
    let told = heed(nothingTold('c1'), { call: 'c1', media: 'held' }, true);
    told = heed(told, { call: 'c1', media: 'held' }, false);
    told = heed(told, { call: 'c1', media: 'muted' }, false);
    assert.deepEqual([told.holding, told.otherHolding, told.otherMuted], [true, true, true]);
    told = heed(told, { call: 'c2', media: 'reconnecting' }, false);
    assert.deepEqual(told, { ...nothingTold('c2'), otherWeak: true });
  });

  it('is of the one whom it is about', () => {
    assert.equal(heed(nothingTold('c1'), { call: 'c1', media: 'muted' }, true).otherMuted, false);
    const told = heed(nothingTold('c1'), { call: 'c1', media: 'one_way' }, true);
    assert.deepEqual([told.mine.trouble, told.theirs.trouble], ['one_way', null]);
  });
});
