import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Tab, type InTab, type Occupied } from '../src/calls-in-tab.js';

class Shown implements InTab {
  told = 0;
  wasLeft = 0;
  constructor(public occupied: Occupied) {}
  neighbour(): void {
    this.told += 1;
  }
  left(): void {
    this.wasLeft += 1;
  }
}

describe('the calls of a tab', () => {
  it('counts the one that is talked before one on hold, and that before one that rings', () => {
    const tab = new Tab();
    const [rings, held, other, talks] = (['ringing', 'held', 'ringing', 'talking'] as const).map((is) => new Shown(is));
    assert.ok(rings && held && other && talks);
    tab.enter(rings);
    assert.equal(tab.beside(rings), null);
    tab.enter(other);
    assert.equal(tab.beside(rings), 'ringing');
    tab.enter(held);
    assert.equal(tab.beside(rings), 'held');
    tab.enter(talks);
    assert.equal(tab.beside(rings), 'talking');
    assert.equal(tab.beside(talks), 'held');
    talks.occupied = null;
    assert.equal(tab.beside(rings), 'held');
  });

  it('puts the one that is talked on hold when another is taken', () => {
    const tab = new Tab();
    const [talks, rings, takes] = [new Shown('talking'), new Shown('ringing'), new Shown('talking')];
    for (const one of [talks, rings, takes]) tab.enter(one);
    tab.took(takes);
    assert.deepEqual([talks, rings, takes].map((one) => one.wasLeft), [1, 0, 0]);
  });

  it('tells the others when one changes, and when one goes', () => {
    const tab = new Tab();
    const [one, two] = [new Shown('talking'), new Shown('ringing')];
    tab.enter(one);
    tab.enter(two);
    tab.turned(one);
    assert.deepEqual([one.told, two.told], [0, 1]);
    tab.leave(two);
    assert.deepEqual([one.told, two.told], [1, 1]);
    assert.equal(tab.beside(one), null);
  });
});
