import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { counted } from '../src/attention.js';
import { marked, snippet } from '../src/excerpts.js';

describe('an excerpt', () => {
  it('falls into what was looked for and what is around it, and together is the whole', () => {
    const excerpt = 'Le théâtre ouvre, le théâtre ferme.';
    const pieces = marked({ excerpt, ranges: [[3, 10], [21, 28]] });
    assert.deepEqual(pieces.filter((p) => p.hit).map((p) => p.text), ['théâtre', 'théâtre']);
    assert.equal(pieces.map((p) => p.text).join(''), excerpt);
    assert.deepEqual(marked({ excerpt: 'Bonjour', ranges: [[0, 7]] }), [{ text: 'Bonjour', hit: true }]);
    assert.deepEqual(marked({ excerpt: '', ranges: [] }), []);
  });

  it('leaves out places that overlap or lie outside', () => {
    const pieces = marked({ excerpt: 'abcdef', ranges: [[0, 3], [2, 4], [5, 99]] });
    assert.deepEqual(pieces, [{ text: 'abc', hit: true }, { text: 'def', hit: false }]);
  });

  it('as a beginning is one line that cuts no sign in two', () => {
    assert.equal(snippet('  Deux\n\n lignes '), 'Deux lignes');
    assert.equal(snippet('🎈'.repeat(80)), '🎈'.repeat(80));
    assert.equal(snippet('🎈'.repeat(81)), `${'🎈'.repeat(80)}…`);
  });
});

describe('the title of the page', () => {
  it('counts what is unread once, and forgets it', () => {
    assert.equal(counted('Commande', 2), '(2) Commande');
    assert.equal(counted('(2) Commande', 120), '(99+) Commande');
    assert.equal(counted('(99+) Commande', 0), 'Commande');
  });
});
