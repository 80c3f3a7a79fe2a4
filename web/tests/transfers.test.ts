import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { LostError, type Shared } from '../src/files.js';
import { RefusedError } from '../src/outbox.js';
import { Transfers, type FileShelf } from '../src/transfers.js';
import type { Kept } from '../src/unsent-files.js';
import type { Sent } from '../src/uploads.js';

/** What the tabs of a browser share: files, and who has which. */
class Browser implements FileShelf {
  readonly rows = new Map<string, Kept>();
  private readonly owned = new Map<string, Promise<void>>();

  keep = async (kept: Kept): Promise<void> => void this.rows.set(kept.id, { ...kept });
  known = async (id: string): Promise<Kept | null> => this.rows.get(id) ?? null;
  forget = async (id: string): Promise<void> => void this.rows.delete(id);
  unfinished = async (): Promise<readonly Kept[]> => [...this.rows.values()];

  async own(id: string, signal: AbortSignal): Promise<() => void> {
    while (this.owned.has(id)) await this.owned.get(id);
    signal.throwIfAborted();
    let letGo = (): void => undefined;
    this.owned.set(id, new Promise((resolve) => {
      letGo = () => {
        this.owned.delete(id);
        resolve();
      };
    }));
    return letGo;
  }
}

interface Going {
  sent: Sent;
  progress(bytes: number): void;
  arrive(): void;
  fail(error: Error): void;
}

/** A server to which files go as the test says. */
class Server {
  readonly going: Going[] = [];
  readonly cancelled: string[] = [];

  send = (sent: Sent, progress: (bytes: number) => void, signal: AbortSignal): Promise<Shared> => {
    sent.location ??= `/uploads/${sent.id}`;
    progress(0);
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      const arrive = (): void => resolve({ file: sent.id, name: sent.name, size: sent.file.size, type: '' });
      this.going.push({ sent, progress, arrive, fail: reject });
    });
  };

  cancel = async ({ id }: Sent): Promise<void> => void this.cancelled.push(id);
}

const file = (name: string, size = 100): File => new File([new Uint8Array(size)], name);

async function settled(): Promise<void> {
  for (let n = 0; n < 5; n += 1) await turn();
}

describe('files on their way', () => {
  const server = new Server();
  const browser = new Browser();
  const open: Transfers[] = [];
  let turned: () => void = () => undefined;
  let shared: string[] = [];

  function tab(shelf: Browser | null = browser): Transfers {
    const line = { status: 'online' as const, watch: (changed: () => void) => ((turned = changed), () => undefined) };
    const made = new Transfers('o1', line, server, shelf, { changed: () => undefined, shared: ({ name }) => shared.push(name) });
    open.push(made);
    return made;
  }

  const stages = (of: Transfers): string[] => of.list.map(({ sent, stage }) => `${sent.name} ${stage}`);

  afterEach(async () => {
    for (const one of open.splice(0)) one.close();
    await settled();
    server.going.length = server.cancelled.length = 0;
    browser.rows.clear();
    shared = [];
  });

  it('go one after the other, and what cannot be sent says why at once', async () => {
    const here = tab();
    here.take([file('a'), file('none', 0), file('large', 900), file('b')], 'ada', 500);
    await settled();
    assert.deepEqual(stages(here), ['a sending', 'none failed', 'large failed', 'b waiting']);
    assert.deepEqual(here.list.map(({ fault }) => fault), [null, 'empty', 'too_large', null]);
    assert.equal(here.unfinished, 2);
    server.going[0]?.arrive();
    await settled();
    assert.deepEqual(stages(here).at(-1), 'b sending');
    assert.deepEqual([...browser.rows.values()].map(({ name }) => name), ['b']);
    assert.deepEqual(shared, ['a']);
  });

  it('are sent by one tab, and by another when that one closes', async () => {
    const [first, second] = [tab(), tab()];
    first.take([file('a')], 'ada', 500);
    await settled();
    void second.restore('ada');
    await settled();
    assert.deepEqual(stages(second), []);
    first.close();
    await settled();
    assert.deepEqual(stages(second), ['a sending']);
    assert.equal(server.going.at(-1)?.sent.location, server.going[0]?.sent.location);
  });

  it('are not sent by another tab once they were dropped or have arrived', async () => {
    const [first, second] = [tab(), tab()];
    first.take([file('dropped'), file('arrived')], 'ada', 500);
    await settled();
    void second.restore('ada');
    first.drop(first.list[0]?.sent.id ?? '');
    await settled();
    server.going.at(-1)?.arrive();
    await settled();
    first.close();
    await settled();
    assert.deepEqual(stages(second), []);
    assert.equal(server.going.length, 2);
    assert.equal(server.cancelled.length, 1);
  });

  it('wait while they are paused, and go on when the line is back after it broke', async () => {
    const here = tab();
    here.take([file('a')], 'ada', 500);
    await settled();
    const id = here.list[0]?.sent.id ?? '';
    server.going[0]?.progress(40);
    here.pause(id);
    await settled();
    assert.deepEqual([stages(here), here.list[0]?.bytes], [['a paused'], 40]);
    here.resume(id);
    await settled();
    server.going[1]?.fail(new LostError());
    await settled();
    assert.deepEqual(stages(here), ['a broken']);
    turned();
    await settled();
    assert.deepEqual(stages(here), ['a sending']);
  });

  it('begin anew where the server has forgotten them, and stay with its reason where it refuses them', async () => {
    const here = tab();
    here.take([file('a')], 'ada', 500);
    await settled();
    server.going[0]?.fail(new RefusedError({ code: 'upload_over', text: '', facts: {} }));
    await settled();
    assert.notEqual(server.going[1]?.sent.id, server.going[0]?.sent.id);
    assert.equal(browser.rows.size, 1);
    server.going[1]?.fail(new RefusedError({ code: 'chat_closed', text: 'Fermée.', facts: {} }));
    await settled();
    assert.deepEqual([stages(here), here.list[0]?.why, browser.rows.size], [['a failed'], 'Fermée.', 0]);
    assert.equal(here.unfinished, 0);
  });

  it('live with the page only where nothing keeps them', async () => {
    const here = tab(null);
    here.take([file('a')], 'ada', 500);
    await settled();
    assert.deepEqual([stages(here), browser.rows.size], [['a sending'], 0]);
    server.going[0]?.arrive();
    await settled();
    assert.deepEqual([here.list.length, shared], [0, ['a']]);
  });
});
