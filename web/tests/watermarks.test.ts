import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Watermarks, type Mark } from '../src/watermarks.js';

describe('watermarks', () => {
  let said: [Mark, number][];
  let marks: Watermarks;
  let heard: boolean;

  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout', 'Date'] });
    said = [];
    heard = true;
    marks = new Watermarks(() => Date.now(), (t, seq) => heard && said.push([t, seq]) > 0);
  });
  afterEach(() => {
    marks.close();
    mock.timers.reset();
  });

  it('never fall, and what is read has been received', () => {
    marks.heard([{ person: 'sam', read: 5, delivered: 3 }], 'ada');
    marks.heard([{ person: 'sam', read: 2, delivered: 4 }], 'ada');
    assert.deepEqual([marks.read('sam'), marks.delivered('sam'), marks.read('nobody')], [5, 5, 0]);
  });

  it('are told with the newest number, and once a second at most', () => {
    let seq = 1;
    marks.reached('mark', () => seq);
    seq = 4;
    mock.timers.tick(0);
    assert.deepEqual(said, [['mark', 4]]);
    seq = 9;
    marks.reached('mark', () => seq);
    mock.timers.tick(900);
    assert.equal(said.length, 1);
    mock.timers.tick(200);
    assert.deepEqual(said.at(-1), ['mark', 9]);
    marks.reached('received', () => 9); // reading said it already
    mock.timers.tick(2_000);
    assert.equal(said.length, 2);
  });

  it('are told again when nobody heard, and not when another screen did', () => {
    heard = false;
    marks.reached('mark', () => 3);
    mock.timers.tick(0);
    heard = true;
    marks.reached('mark', () => 3);
    mock.timers.tick(0);
    assert.deepEqual(said, [['mark', 3]]);
    marks.heard([{ person: 'ada', read: 7, delivered: 7 }], 'ada');
    marks.reached('mark', () => 7);
    mock.timers.tick(2_000);
    assert.equal(said.length, 1);
  });

  it('are told again when they went into a line that broke', () => {
    marks.reached('mark', () => 5);
    mock.timers.tick(0);
    marks.heard([{ person: 'ada', read: 3, delivered: 3 }], 'ada', true); // a new line, and the server knows less
    marks.reached('mark', () => 5);
    mock.timers.tick(2_000);
    assert.deepEqual(said, [['mark', 5], ['mark', 5]]);
  });
});
