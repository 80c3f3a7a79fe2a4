import assert from 'node:assert/strict';
import { it } from 'node:test';
import { pieces, unsplit } from '../src/links.js';

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

it('makes links of addresses that begin with www, and of no other names', () => {
  const text = 'www.example.org/a, (www.b.example) but awww.c.example, me@www.d.example, www. e, www.soon and f.example';
  assert.deepEqual(links(text), ['www.example.org/a', 'www.b.example']);
  assert.equal(pieces(text).map((p) => p.text).join(''), text);
  assert.ok(pieces('www.example.org').some((p) => 'href' in p && p.href === 'https://www.example.org/'));
});

it('makes no link of an address whose beginning only looks like the place it leads to', () => {
  for (const text of ['https://bank.example@evil.example/', 'https://user:pass@a.example', 'http://www.bank.example%40x@evil.example']) {
    assert.deepEqual(links(text), []);
  }
});

it('tells where a link leads if its letters are not those of the place', () => {
  const host = (text: string): string[] => pieces(text).flatMap((p) => ('host' in p ? [p.host] : []));
  assert.deepEqual(host('https://\u0430pple.com/login'), ['xn--pple-43d.com']);
  assert.deepEqual(host('https://\u0430pple.com/?xn--pple-43d.com'), ['xn--pple-43d.com']);
  assert.deepEqual(host('https://caf\u00e9.example'), ['xn--caf-dma.example']);
  assert.deepEqual(host('http://2130706433/'), ['127.0.0.1']);
  assert.deepEqual(host('https://EXAMPLE.org/\u00e9 www.Example.org'), ['', '']);
});

it('ends an address before marks that turn the direction of writing or cannot be seen', () => {
  assert.deepEqual(links('https://a.example/\u202egpj.exe'), ['https://a.example/']);
  assert.deepEqual(links('https://a.exa\u200bmple/x'), ['https://a.exa']);
});

it('reads the longest message of brackets and dots at once, since it is read with every change on the screen', () => {
  const began = performance.now();
  for (const tail of [')'.repeat(20_000), '.'.repeat(20_000), '()'.repeat(10_000), '(]'.repeat(10_000)]) {
    const [address] = links(`https://a.example/${tail}`);
    assert.ok(address?.startsWith('https://a.example/'));
  }
  assert.deepEqual(links('https://a.example/(b))]).'), ['https://a.example/(b)']);
  assert.ok(performance.now() - began < 1_000);
});

it('keeps a French sign with its word, and every character as it was written', () => {
  const text = 'Surtout pas « publicité ». On respire : ça vous va ? Oui !\nEt « Bienvenue chez nous » aussi.';
  const whole = unsplit(text).filter((part) => part.whole);
  assert.deepEqual(whole.map((part) => part.text), ['« publicité ».', 'respire :', 'va ?', 'Oui !', '« Bienvenue', 'nous »']);
  assert.equal(unsplit(text).map((part) => part.text).join(''), text);
  assert.deepEqual(unsplit('Nothing? To: keep!'), [{ text: 'Nothing? To: keep!', whole: false }]);
  assert.deepEqual(unsplit(`${'x'.repeat(30)} ?`).filter((part) => part.whole), []);
});
