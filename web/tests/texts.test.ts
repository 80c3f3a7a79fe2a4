import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ago, coins, dayAndTime, dayHeading, figures, languageOf, money, shortDate, textsOf, unbroken } from '../src/texts/index.js';

const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

describe('the words', () => {
  it('are French unless English is asked for', () => {
    assert.deepEqual(['fr-CA', 'en-GB', 'EN', 'de', '', null].map(languageOf), ['fr', 'en', 'en', 'fr', 'fr', 'fr']);
  });

  it('take an amount as it is typed, in coins of its currency', () => {
    for (const [typed, cents, currency, held] of [
      [25.5, 2550, 'EUR', '25.50'],
      [0.29, 29, 'EUR', '0.29'],
      [2000, 2000, 'JPY', '2000'],
      [1.005, 1005, 'KWD', '1.005'],
    ] as const) {
      assert.equal(coins(typed, currency), cents);
      assert.equal(figures(cents, currency), held);
    }
  });

  it('say money as the language does, in whole coins where they are whole', () => {
    assert.equal(plain(money('fr', 12_000, 'EUR')), '120,00 €');
    assert.equal(plain(money('fr', 64_950, 'EUR')), '649,50 €');
    assert.equal(money('en', 12_000, 'EUR'), '€120.00');
    assert.equal(plain(money('en', 500, 'JPY')), 'JP¥500');
  });

  it('never let a French line begin with a colon or a question mark', () => {
    assert.equal(unbroken('Et « oui » ? Non : 5 %'), 'Et «\u202foui\u202f»\u202f? Non\u00a0: 5\u202f%');
    assert.doesNotMatch(JSON.stringify(textsOf('fr')), / [:;?!»]/);
    assert.doesNotMatch(textsOf('fr').confirm['order.cancel'].body('Marc', '120,00 €'), / [:;?!»]/);
  });

  it('say an amount of money in English as one thing, as e-mails do', () => {
    const { confirm, entry } = textsOf('en');
    const told = [...Object.values(confirm).map(({ body }) => body('Marc', '€185.00')), entry.money_confirmed('€185.00'),
      entry.dispute_decided.split('€185.00')];
    for (const text of told) assert.doesNotMatch(text, /€185\.00 (stay|go|are|were|have)\b/);
  });

  it('name the refund where they say when it shows: the sentence before speaks of something else', () => {
    for (const said of Object.values(textsOf('fr').visible)) assert.match(said, /remboursement/);
    for (const said of Object.values(textsOf('en').visible)) assert.match(said, /refund/);
  });

  it('count one as one, and write a share of a hundred as each language does', () => {
    const [fr, en] = [textsOf('fr'), textsOf('en')];
    assert.deepEqual([1, 2].map(en.chat.left), ['1 character left', '2 characters left']);
    assert.deepEqual([1, 2].map(fr.chat.left), ['1 caractère restant', '2 caractères restants']);
    assert.deepEqual([en.files.percent(12), en.upload.paused(12)], ['12%', 'Paused at 12%']);
    assert.deepEqual([fr.files.percent(12), fr.upload.paused(12)].map(plain), ['12 %', 'En pause à 12 %']);
    assert.equal(en.turn.justNow, 'just now');
  });

  it('shorten French words before a name that begins with a vowel, and not before Yann', () => {
    const { entry, confirm, guide } = textsOf('fr');
    const told = (name: string): string => entry.call_missed(false, name).replace('Appel manqué ', '');
    assert.deepEqual(['Marc', 'Aline', 'Élise', 'Óscar', 'Ángel', 'Œdipe', 'Øystein', 'Hugo', 'Yves'].map(told), [
      'de Marc', 'd’Aline', 'd’Élise', 'd’Óscar', 'd’Ángel', 'd’Œdipe', 'd’Øystein', 'd’Hugo', 'd’Yves',
    ]);
    assert.deepEqual(['Yann', 'Yasmine', 'Youssef'].map(told), ['de Yann', 'de Yasmine', 'de Youssef']);
    assert.match(guide.buyer.delivered('Inès'), /ce qu’Inès vous a livré/);
    assert.match(confirm['order.start'].body('Inès', '5 €'), /jusqu’à ce qu’Inès accepte/);
    assert.match(confirm['revision.accept'].body('Marc', '5 €'), /jusqu’à ce que Marc accepte/);
  });

  it('answer at each step, to each role, the same questions in both languages', () => {
    const [fr, en] = [textsOf('fr').questions.at, textsOf('en').questions.at];
    for (const role of ['buyer', 'seller', 'mediator'] as const) {
      for (const [state, asked] of Object.entries(en[role])) {
        assert.ok(asked.length > 0, `${role} ${state}`);
        assert.equal(fr[role][state as keyof typeof en.buyer].length, asked.length, `${role} ${state}`);
        assert.ok(asked.every(([question, answer]) => question !== '' && answer.length < 420), `${role} ${state}`);
      }
    }
  });

  it('name days from the reader’s midnight', () => {
    const now = new Date(2026, 10, 23, 0, 30).getTime();
    assert.equal(dayHeading('en', now - 20 * 60_000, now), 'Today');
    assert.equal(dayHeading('en', now - 40 * 60_000, now), 'Yesterday');
    assert.equal(dayHeading('en', now - 3 * 86_400_000, now), 'Friday 20\u00a0November');
  });

  it('write a day as the language does, and keep its number with its month', () => {
    const first = new Date(2026, 11, 1, 9, 5).getTime();
    assert.equal(dayAndTime('fr', first), 'mardi 1er\u00a0décembre à\u00a009:05');
    assert.equal(shortDate('fr', first), '1er\u00a0déc.\u00a0à\u00a009:05');
    assert.equal(dayAndTime('en', first), 'Tuesday 1\u00a0December, 09:05');
    assert.equal(shortDate('fr', new Date(2026, 10, 30, 16, 7).getTime()), '30\u00a0nov.\u00a0à\u00a016:07');
  });

  it('say how long ago somebody was here', () => {
    assert.equal(ago('en', 0, 30_000), 'just now');
    assert.equal(ago('fr', 0, 30_000), 'à l’instant');
    assert.equal(ago('en', 0, 12 * 60_000), '12 minutes ago');
  });
});
