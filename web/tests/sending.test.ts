import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nothing, type ReactiveController } from 'lit';
import { RefusedError, TooLateError } from '../src/outbox.js';
import { Sending } from '../src/parts/sending.js';
import type { Language } from '../src/texts/index.js';

/** The part of the page it belongs to: says how often it was drawn anew. */
class Part {
  language: Language = 'en';
  updateComplete = Promise.resolve(true);
  drawn = 0;
  addController(_: ReactiveController): void {}
  removeController(_: ReactiveController): void {}
  requestUpdate(): void {
    this.drawn += 1;
  }
}

const refused = (code: string, text: string, facts = {}): RefusedError => new RefusedError({ code, text, facts });
const said = (shown: ReturnType<Sending['refused']>): unknown => (shown === nothing ? '' : (shown as { values: unknown[] }).values[1]);

describe('sending a command from a part of the page', () => {
  it('is busy meanwhile, and draws the part anew before and after', async () => {
    const part = new Part();
    const sending = new Sending(part);
    let answer = (): void => undefined;
    const sent = sending.send(null, () => new Promise<void>((resolve) => (answer = resolve)));
    assert.equal(sending.busy, true);
    const before = part.drawn;
    assert.ok(before > 0);
    answer();
    assert.equal(await sent, true);
    assert.equal(sending.busy, false);
    assert.ok(part.drawn > before);
  });

  it('tells why it was refused where it was asked for, until something else is sent', async () => {
    const sending = new Sending<number>(new Part());
    assert.equal(await sending.send(7, () => Promise.reject(refused('wrong_state', 'Not now.'))), false);
    assert.equal(said(sending.refused(7)), 'Not now.');
    assert.equal(said(sending.refused(8)), '');
    await sending.send(8, () => Promise.resolve());
    assert.equal(said(sending.refused(7)), '');
  });

  it('says that no answer came in time, in words of its own or those it is given', async () => {
    const sending = new Sending(new Part());
    await sending.send(null, () => Promise.reject(new TooLateError()));
    assert.notEqual(said(sending.refused(null)), '');
    await sending.send(null, () => Promise.reject(new TooLateError()), 'Not loaded.');
    assert.equal(said(sending.refused(null)), 'Not loaded.');
  });

  it('says nothing of what the person gave up, or of a part that is gone', async () => {
    for (const give of [(s: Sending) => s.stop(), (s: Sending) => s.hostDisconnected()]) {
      const sending = new Sending(new Part());
      const sent = sending.send(
        null,
        (signal) =>
          new Promise((_, reject) => signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')))),
      );
      give(sending);
      assert.equal(await sent, false);
      assert.equal(said(sending.refused(null)), '');
      assert.equal(sending.busy, false);
    }
  });

  it('keeps what was seen in the words, to send it knowingly, until they change', async () => {
    const sending = new Sending(new Part());
    await sending.send(null, () => Promise.reject(refused('secret_seen', 'A card.', { kinds: 'card,iban' })));
    assert.deepEqual(sending.understood, ['card', 'iban']);
    sending.reworded();
    assert.deepEqual(sending.understood, []);
    assert.equal(said(sending.refused(null)), 'A card.');
    sending.begin();
    assert.equal(said(sending.refused(null)), '');
  });
});
