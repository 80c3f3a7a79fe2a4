/**
 * The calls of all orders that this tab shows: a person talks in one at a time, so each of them
 * is told when another one begins or ends.
 */

/** What a call must know of another one here. */
export type Occupied = 'talking' | 'calling' | 'held' | 'ringing' | null;

export interface InTab {
  readonly occupied: Occupied;
  /** Something became of another one. */
  neighbour(): void;
  /** The person took another one: the microphone closes here without waiting for the server. */
  left(): void;
}

export class Tab {
  private readonly calls = new Set<InTab>();
  /** When the person was last seen to be in a call here, on the server's clock. */
  lastAt = -Infinity;

  enter(call: InTab): void {
    this.calls.add(call);
  }

  leave(call: InTab): void {
    this.calls.delete(call);
    this.turned(call);
  }

  /** What there is beside that call: the one they talk in before one on hold, and that before a ring. */
  beside(call: InTab): Occupied {
    const others = [...this.calls].filter((one) => one !== call).map((one) => one.occupied);
    return (['talking', 'calling', 'held', 'ringing'] as const).find((one) => others.includes(one)) ?? null;
  }

  /** The person took that call and left the others on hold for it. */
  took(call: InTab): void {
    for (const one of this.calls) if (one !== call && one.occupied === 'talking') one.left();
  }

  /** Tell the others that something became of this one. */
  turned(call: InTab): void {
    for (const one of this.calls) if (one !== call) one.neighbour();
  }
}

/** Of this page. */
export const tab = new Tab();
