import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pieces } from '../src/links.js';

const links = (text: string): string[] => pieces(text).flatMap((p) => ('href' in p ? [p.text] : []));

it('finds web addresses and keeps every character of the text', () => {
  const text = 'See https://example.org/a?b=c#d, then http://b.example (and https://c.example/x_(y)).';
  assert.deepEqual(links(text), ['https://example.org/a?b=c#d', 'http://b.example', 'https://c.example/x_(y)']);
  assert.equal(pieces(text).map((p) => p.text).join(''), text);
});

it('makes no link of anything that could run', () => {
  for (const text of ['javascript:alert(1)', 'data:text/html,x', 'HTTP:alert', 'https://', 'file:///etc']) {
    assert.deepEqual(links(text), []);
  }
});

it('leaves markup as text', () => {
  assert.deepEqual(pieces('<b>https://a.example</b>').map((p) => p.text), ['<b>', 'https://a.example', '</b>']);
});
