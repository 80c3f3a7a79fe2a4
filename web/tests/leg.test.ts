import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countedFrom } from '../src/media.js';

describe('the silence of a leg', () => {
  it('counts from what came last while the page listens, also once a second as a hidden one does', () => {
    assert.equal(countedFrom(1_000, 2_600, 3_000), 1_000);
    assert.equal(countedFrom(1_000, 2_000, 3_000), 1_000);
  });

  it('does not count while the page itself stood still', () => {
    assert.equal(countedFrom(1_000, 1_100, 4_500), 4_000);
    assert.equal(countedFrom(1_000, 900, 61_300), 61_000);
  });

  it('never ends in the future', () => {
    assert.equal(countedFrom(61_000, 900, 61_300), 61_300);
  });
});
