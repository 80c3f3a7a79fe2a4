import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { judge } from '../src/echo-test.js';

describe('the test of a microphone', () => {
  it('listens while nothing is certain', () => {
    assert.equal(judge({ connected: 0, said: 0, back: 0 }), 'listening');
    assert.equal(judge({ connected: 30_000, said: 900, back: 300 }), 'listening');
  });

  it('is good as soon as enough came back', () => {
    assert.equal(judge({ connected: 1_000, said: 700, back: 600 }), 'heard');
    assert.equal(judge({ connected: 9_000, said: 0, back: 600 }), 'heard');
  });

  it('finds a microphone that gives nothing, after a while', () => {
    assert.equal(judge({ connected: 7_900, said: 0, back: 0 }), 'listening');
    assert.equal(judge({ connected: 8_000, said: 100, back: 0 }), 'silent');
  });

  it('finds a network that lets nothing back', () => {
    assert.equal(judge({ connected: 5_000, said: 3_900, back: 0 }), 'listening');
    assert.equal(judge({ connected: 5_000, said: 4_000, back: 0 }), 'lost');
  });
});
