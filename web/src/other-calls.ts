/**
 * Calls of orders that are not on the screen: they ring, are answered and go on here too.
 *
 * A page that is opened in the tab of such a call takes it up again.
 */
import { CallMemory } from './call-memory.js';
import { Call } from './call.js';
import type { Connection } from './connection.js';
import type { InboxLine } from './protocol.js';
import { OrderRoom } from './room.js';

export interface OtherCall {
  readonly room: OrderRoom;
  readonly call: Call;
}

export class OtherCalls {
  private readonly all = new Map<string, OtherCall & { seen: boolean }>();
  private readonly leave: () => void;

  /** `order` is the one on the screen, whose call is shown there; empty for none. */
  constructor(
    readonly connection: Connection,
    private readonly order: string,
    private readonly changed: () => void,
  ) {
    this.leave = connection.watch(() => this.look());
    this.look();
  }

  close(): void {
    this.leave();
    for (const order of [...this.all.keys()]) this.drop(order);
  }

  /** What is to be shown, by order. */
  get shown(): readonly (readonly [string, OtherCall])[] {
    return [...this.all].filter(([, { call }]) => call.state !== 'idle' && call.state !== 'elsewhere');
  }

  /** Who rings aloud, if somebody does. */
  get caller(): string | null {
    const rings = this.shown.find(([, { call }]) => call.state === 'ringing');
    return rings ? (this.line(rings[0])?.other ?? '') : null;
  }

  line(order: string): InboxLine | undefined {
    return this.connection.lines?.find((line) => line.order === order);
  }

  /** A person touched the page: sound may be allowed now. */
  touched(): void {
    for (const { call } of this.all.values()) void call.touched();
  }

  private look(): void {
    const ringing = new Set(this.connection.lines?.filter((line) => line.rings).map((line) => line.order));
    for (const order of [...ringing, ...CallMemory.orders]) {
      // what was kept may be another person's
      if (order !== this.order && this.line(order) && !this.all.has(order)) this.open(order);
    }
    for (const [order, { room, call, seen }] of this.all) {
      const over = call.state === 'idle' || call.state === 'elsewhere';
      const known = room.situation !== null || room.refusal !== null;
      if (room.refusal !== null) new CallMemory(order).heard = null; // or it would be asked for again
      if (over && known && (seen || !ringing.has(order))) this.drop(order);
    }
    this.changed();
  }

  private open(order: string): void {
    const turned = (): void => {
      const one = this.all.get(order);
      if (!one) return;
      one.seen ||= one.call.now !== null;
      this.look();
    };
    const room: OrderRoom = new OrderRoom(order, this.connection, {
      changed: () => this.all.get(order)?.call.look(),
      fresh: () => undefined,
      signal: (signal) => this.all.get(order)?.call.signal(signal),
    });
    this.all.set(order, { room, call: new Call(room, turned), seen: false });
  }

  private drop(order: string): void {
    const one = this.all.get(order);
    this.all.delete(order);
    one?.call.close();
    one?.room.close();
  }
}
