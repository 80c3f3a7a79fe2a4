import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { Connection, type Follower } from '../src/connection.js';
import { comesBack, pause, renewIn, TokenRefused, wantsToken, type Socket } from '../src/line.js';
import { Outbox, putOff, RefusedError, TooLateError, type Shelf } from '../src/outbox.js';
import type { Asking, Done, Outbound } from '../src/protocol.js';
import { OrderRoom } from '../src/room.js';

/** The network: hands out sockets and remembers what was said on each. */
class Network {
  sockets: Line[] = [];
  readonly open = (): Line => {
    const line = new Line();
    this.sockets.push(line);
    return line;
  };
  get last(): Line {
    const line = this.sockets.at(-1);
    assert.ok(line, 'no socket was opened');
    return line;
  }
}

class Line implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  said: Record<string, unknown>[] = [];
  closedWith: number | undefined;
  send(text: string): void {
    this.said.push(JSON.parse(text) as Record<string, unknown>);
  }
  close(code?: number): void {
    this.closedWith = code ?? 1000;
  }
  hear(frame: unknown): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
  welcome(): void {
    this.onopen?.();
    this.hear({
      t: 'welcome', epoch: 'e1', person: 'claire', name: 'Claire', language: 'fr', inbox: [],
      now: '2026-11-23T12:00:00Z', ping_every: 5, token_ends: '2026-11-23T12:15:00Z',
    });
  }
  types(): unknown[] {
    return this.said.map((f) => f['t']);
  }
}

class Screen implements Follower {
  at: { after: number; link: string | null } | null = null;
  frames: Outbound[] = [];
  position = (): { after: number; link: string | null } | null => this.at;
  frame(frame: Outbound): void {
    this.frames.push(frame);
  }
  status(): void {}
}

class Drawer implements Shelf {
  kept = new Map<string, string>();
  getItem = (key: string): string | null => this.kept.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.kept.set(key, value);
  removeItem = (key: string): void => void this.kept.delete(key);
}

const settled = async (): Promise<void> => {
  for (let i = 0; i < 8; i += 1) await Promise.resolve();
};

const message = (id: string, order = 'o1'): Asking => ({ t: 'message.send', id, order, text: id });

describe('coming back', () => {
  it('waits a random time below a bound that doubles and ends', () => {
    assert.equal(pause(0, 1), 500);
    assert.equal(pause(3, 0.5), 2_000);
    assert.equal(pause(50, 1), 20_000);
    assert.equal(pause(5, 0), 0);
  });

  it('is decided by one comparison of the close code', () => {
    for (const code of [1001, 1006, 1009, 1011, 4000, 4003, 4099]) assert.equal(comesBack(code), true);
    for (const code of [4100, 4104, 4199]) assert.equal(comesBack(code), false);
    assert.deepEqual([4100, 4101, 4102].map(wantsToken), [true, true, false]);
  });

  it('renews a token before it ends', () => {
    assert.equal(renewIn(15 * 60_000), 14 * 60_000);
    assert.equal(renewIn(10_000), 8_000);
    assert.equal(renewIn(-5), 1_000);
  });
});

describe('a connection', () => {
  let network: Network;
  let screen: Screen;
  let drawer: Drawer;
  let local: number;
  let connection: Connection;

  const make = (token: () => Promise<string> = () => Promise.resolve('secret')): Connection =>
    new Connection({
      url: 'ws://room/ws', token, language: 'fr', shelf: drawer,
      open: network.open, random: () => 1, local: () => local,
    });
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 500) {
      local += Math.min(500, left);
      mock.timers.tick(Math.min(500, left));
      await settled();
    }
  };

  beforeEach(async () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval'] });
    network = new Network();
    screen = new Screen();
    drawer = new Drawer();
    local = 1_000_000;
    connection = make();
    connection.follow('o1', screen);
    await settled();
  });
  afterEach(() => mock.timers.reset());

  it('says hello with the token first, and subscribes after the welcome', () => {
    network.last.onopen?.();
    assert.deepEqual(network.last.said, [{ t: 'hello', token: 'secret', version: 1, language: 'fr' }]);
    network.last.welcome();
    assert.deepEqual(network.last.said.at(-1), { t: 'subscribe', order: 'o1', epoch: 'e1' });
    assert.equal(connection.status, 'online');
  });

  it('learns the time anew from the first answer about an order, if the welcome was slow', () => {
    const noon = Date.parse('2026-11-23T12:00:00Z');
    const situation = (now: number): unknown => ({ t: 'situation', situation: { order: 'o1', now: new Date(now).toISOString() } });
    network.last.onopen?.();
    local += 3_000; // the machine stood still before the server read the hello
    network.last.hear({
      t: 'welcome', epoch: 'e1', person: 'claire', name: 'Claire', language: 'fr', inbox: [],
      now: new Date(noon).toISOString(), ping_every: 5, token_ends: '2026-11-23T12:15:00Z',
    });
    assert.equal(connection.now(), noon + 1_500);
    local += 20;
    network.last.hear(situation(noon + 10));
    assert.equal(connection.now(), noon + 20);
    local += 1_000; // what comes unasked has no round trip
    network.last.hear(situation(noon + 520));
    assert.equal(connection.now(), noon + 1_020);
  });

  it('answers pings', () => {
    network.last.welcome();
    network.last.hear({ t: 'ping', n: 7, now: '2026-11-23T12:00:01Z', heads: {} });
    assert.deepEqual(network.last.said.at(-1), { t: 'pong', n: 7 });
  });

  it('comes back after a lost line and takes the order up from its position', async () => {
    network.last.welcome();
    screen.at = { after: 17, link: 'abc' };
    network.last.onclose?.({ code: 1006, reason: '' });
    assert.equal(connection.status, 'offline');
    await pass(500);
    assert.equal(network.sockets.length, 2);
    network.last.welcome();
    assert.deepEqual(network.last.said.at(-1), { t: 'subscribe', order: 'o1', after: 17, link: 'abc', epoch: 'e1' });
  });

  it('notices a line that is dead without being closed', async () => {
    network.last.welcome();
    const dead = network.last;
    await pass(16_500);
    assert.equal(network.sockets.length, 2);
    assert.notEqual(dead.closedWith, undefined);
    assert.equal(dead.onmessage, null);
  });

  it('leaves a line on which nothing came since something was asked', async () => {
    network.last.welcome();
    await pass(500);
    void connection.ask(message('a'));
    await pass(7_500);
    assert.equal(network.sockets.length, 1);
    await pass(2_500);
    assert.equal(network.sockets.length, 2);
    network.last.welcome();
    assert.ok(network.last.types().includes('message.send'));
  });

  it('repeats what was not answered, with the same id, on the next socket', async () => {
    network.last.welcome();
    const reply = connection.ask<Done>(message('m1'));
    network.last.onclose?.({ code: 4000, reason: '' });
    await pass(500);
    network.last.welcome();
    assert.deepEqual(network.last.said.at(-1), message('m1'));
    network.last.hear({ t: 'done', id: 'm1', order: 'o1', seq: 3, at: '2026-11-23T12:00:02Z' });
    assert.equal((await reply).seq, 3);
    assert.equal(drawer.kept.size, 0);
  });

  it('keeps the order of messages: one at a time per order', async () => {
    network.last.welcome();
    void connection.ask(message('m1'));
    void connection.ask(message('m2'));
    void connection.ask(message('n1', 'o2'));
    assert.deepEqual(network.last.said.slice(-2).map((f) => f['id']), ['m1', 'n1']);
    network.last.hear({ t: 'done', id: 'm1', order: 'o1', seq: 1, at: '' });
    assert.equal(network.last.said.at(-1)?.['id'], 'm2');
    await settled();
  });

  it('sends after a reload what was written before it', async () => {
    network.last.welcome();
    void connection.ask(message('m1'));
    const reloaded = make();
    assert.equal(reloaded.unsent('o1').length, 1);
    reloaded.follow('o1', screen);
    await settled();
    network.last.welcome();
    assert.deepEqual(network.last.said.at(-1), message('m1'));
  });

  it('never sends one person’s message as another person', async () => {
    drawer.setItem('order-room:outbox:ws://room/ws', JSON.stringify([{ frame: message('m1'), person: 'marc' }]));
    const reloaded = make();
    reloaded.follow('o1', screen);
    await settled();
    network.last.welcome();
    assert.equal(network.last.types().includes('message.send'), false);
    assert.equal(reloaded.unsent('o1').length, 0);
  });

  it('hands a refusal to whoever asked', async () => {
    network.last.welcome();
    const reply = connection.ask({ t: 'order.cancel', id: 'c1', order: 'o1' });
    network.last.hear({ t: 'refused', id: 'c1', code: 'wrong_state', text: 'Trop tard.', facts: {} });
    await assert.rejects(reply, (e: RefusedError) => e.frame.code === 'wrong_state' && e.message === 'Trop tard.');
  });

  it('keeps a message that was refused while nobody looked, with the reason, until it is tried again or dropped', async () => {
    network.last.welcome();
    void connection.ask(message('m1')).catch(() => undefined);
    network.last.hear({ t: 'refused', id: 'm1', code: 'text_too_long', text: 'Trop long.', facts: {} });
    void connection.ask(message('m2'));
    assert.deepEqual(network.last.said.at(-1), message('m2')); // it holds up no other
    const reloaded = make();
    const [first] = reloaded.unsent('o1');
    await assert.rejects(first?.reply ?? Promise.resolve(), (e: RefusedError) => e.message === 'Trop long.');
    reloaded.follow('o1', screen);
    await settled();
    network.last.welcome();
    assert.deepEqual(network.last.said.filter((f) => f['t'] === 'message.send'), [message('m2')]);
    assert.equal(reloaded.hurry('m1'), false);
    void reloaded.ask(message('m1')); // tried again
    assert.deepEqual(reloaded.unsent('o1').map(({ frame, refused }) => [frame.id, refused]), [['m2', null], ['m1', null]]);
    reloaded.withdraw('m1');
    assert.equal(make().unsent('o1').length, 1);
  });

  it('asks a message again when the server says to wait', async () => {
    network.last.welcome();
    void connection.ask(message('m1'));
    network.last.hear({ t: 'refused', id: 'm1', code: 'rate_exceeded', text: '', facts: { retry_after: 2 } });
    network.last.hear({ t: 'ping', n: 1, now: '', heads: {} });
    await pass(3_500);
    assert.equal(network.last.said.filter((f) => f['id'] === 'm1').length, 2);
  });

  it('takes an order up again that could not be shown for a moment, on the same line', async () => {
    network.last.welcome();
    const subscribed = (): number => network.last.types().filter((t) => t === 'subscribe').length;
    const refused = { t: 'refused', order: 'o1', text: '', facts: { retry_after: 2 } };
    network.last.hear({ ...refused, code: 'unavailable' });
    network.last.hear({ ...refused, code: 'unavailable' });
    await pass(1_500);
    assert.equal(subscribed(), 1);
    await pass(2_000);
    assert.equal(subscribed(), 2);
    network.last.hear({ ...refused, code: 'order_unknown' });
    await pass(10_000);
    assert.equal(subscribed(), 2);
    assert.equal(network.sockets.length, 1);
  });

  it('gives up a call that nobody could place in time', async () => {
    const reply = connection.ask({ t: 'call.start', id: 'c1', order: 'o1' }, { within: 5_000 });
    await pass(6_000);
    network.last.welcome();
    await assert.rejects(reply, TooLateError);
    assert.equal(network.last.types().includes('call.start'), false);
  });

  it('fetches a new token once when the old one ended, and stops if that is refused too', async () => {
    network.last.welcome();
    network.last.onclose?.({ code: 4100, reason: '' });
    await settled();
    assert.equal(network.sockets.length, 2);
    network.last.onclose?.({ code: 4101, reason: '' });
    await settled();
    assert.equal(connection.status, 'stopped');
    assert.equal(connection.refusal?.code, 'close_4101');
  });

  it('stops at a code that asks it not to come back, until a person tries again', async () => {
    network.last.welcome();
    network.last.onclose?.({ code: 4103, reason: '' });
    await pass(60_000);
    assert.equal(network.sockets.length, 1);
    connection.retry();
    await settled();
    assert.equal(network.sockets.length, 2);
  });

  it('stops when the host page says that there is no token to have', async () => {
    const other = make(() => Promise.reject(new TokenRefused('sign in')));
    other.follow('o1', screen);
    await settled();
    assert.equal(other.status, 'stopped');
    assert.equal(other.refusal?.text, 'sign in');
  });

  it('renews the token on the open line', async () => {
    network.last.welcome();
    for (let i = 0; i < 14; i += 1) {
      network.last.hear({ t: 'ping', n: i, now: '', heads: {} });
      for (let s = 0; s < 6; s += 1) {
        await pass(10_000);
        network.last.hear({ t: 'ping', n: i, now: '', heads: {} });
      }
    }
    assert.equal(network.last.types().includes('refresh'), true);
    assert.equal(network.sockets.length, 1);
  });

  it('asks for what a ping says it lacks, if it does not come by itself', async () => {
    network.last.welcome();
    screen.at = { after: 2, link: null };
    network.last.hear({ t: 'ping', n: 1, now: '', heads: { o1: 4 } });
    assert.notEqual(network.last.said.at(-1)?.['t'], 'subscribe');
    await pass(3_000);
    assert.deepEqual(network.last.said.at(-1), { t: 'subscribe', order: 'o1', after: 2, epoch: 'e1' });
  });

  it('moves to another process when told, closing the old socket first', async () => {
    network.last.welcome();
    const old = network.last;
    old.hear({ t: 'move', delay: 1 });
    assert.equal(connection.status, 'online');
    await pass(1_500);
    assert.notEqual(old.closedWith, undefined);
    assert.equal(network.sockets.length, 2);
  });

  it('forgets an order that is taken away, and shows it again once it is given back', () => {
    const room = new OrderRoom('o2', connection, { changed: () => undefined, fresh: () => undefined, signal: () => undefined });
    const line = (order: string): object => ({ order, title: order, state: 'frozen', role: 'buyer', other: 'Marc', head: 1, unread: 0 });
    const asked = (): number => network.last.said.filter((f) => f['t'] === 'subscribe' && f['order'] === 'o2').length;
    const listed = (): unknown => connection.lines?.map((one) => one.order);
    network.last.welcome();
    network.last.hear({ t: 'inbox', lines: [line('o1'), line('o2')] });
    assert.deepEqual(listed(), ['o1', 'o2']);
    network.last.hear({ t: 'refused', order: 'o2', code: 'order_unknown', text: 'Commande introuvable.', facts: {} });
    network.last.hear({ t: 'inbox', lines: [], gone: ['o2'] });
    assert.deepEqual([listed(), [...connection.gone]], [['o1'], ['o2']]);
    network.last.hear({ t: 'inbox', lines: [line('o1')] });
    assert.deepEqual([asked(), room.refusal?.code], [1, 'order_unknown']);
    network.last.hear({ t: 'inbox', lines: [line('o2')] });
    network.last.hear({ t: 'inbox', lines: [line('o2')] });
    assert.deepEqual([listed(), [...connection.gone], asked(), room.refusal], [['o1', 'o2'], [], 2, null]);
    room.close();
  });

  it('survives what it does not understand', () => {
    network.last.welcome();
    network.last.onmessage?.({ data: '{' });
    network.last.onmessage?.({ data: new ArrayBuffer(2) });
    network.last.hear({ t: 'something_new', order: 'o1' });
    assert.equal(connection.status, 'online');
  });
});

describe('the outbox', () => {
  it('puts messages off and nothing else', () => {
    const box = new Outbox(null, 'k');
    const wait = { code: 'unavailable', facts: {} };
    assert.equal(putOff(box.add(message('a'), null, Infinity), wait, 0), 1_000);
    assert.equal(putOff(box.add({ t: 'order.start', id: 'b', order: 'o1' }, null, Infinity), wait, 0), null);
    assert.equal(putOff(box.add(message('c'), null, Infinity), { code: 'text_too_long', facts: {} }, 0), null);
  });

  it('reads only what it wrote', () => {
    const drawer = new Drawer();
    drawer.setItem('k', '[{"frame":{"t":"order.cancel","id":"x","order":"o1"}},7,null]');
    assert.equal(new Outbox(drawer, 'k').messages('o1', null).length, 0);
    drawer.setItem('k', 'nonsense');
    assert.equal(new Outbox(drawer, 'k').messages('o1', null).length, 0);
  });
});
