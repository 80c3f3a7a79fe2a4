/** What a person does with the order itself: every ask that moves its process, or proposes to. */
import type { Connection } from './connection.js';
import type { Done, ItemMove, ProposalKind, SecretKind, Verb } from './protocol.js';

const PATIENCE = 60_000;

export class Process {
  constructor(
    private readonly connection: Connection,
    private readonly order: string,
  ) {}

  /** Take a step of the process. Rejects with `RefusedError`, or when `signal` aborts. */
  step(
    verb: Verb,
    note: string,
    id: string,
    signal: AbortSignal,
    refund?: number,
    understood: readonly SecretKind[] = [],
  ): Promise<Done> {
    return this.connection.ask<Done>(
      {
        t: verb,
        id,
        order: this.order,
        ...(note === '' ? {} : { note }),
        ...(refund === undefined ? {} : { refund_cents: refund }),
        ...knowing(understood),
      },
      { within: PATIENCE, signal },
    );
  }

  /** Propose more time (`amount` in seconds) or a part of the money back (in cents). */
  propose(kind: ProposalKind, amount: number, note: string, signal: AbortSignal, understood: readonly SecretKind[] = []): Promise<Done> {
    const noted = { id: crypto.randomUUID(), order: this.order, ...(note === '' ? {} : { note }), ...knowing(understood) };
    return this.connection.ask<Done>(
      kind === 'time'
        ? { t: 'time.propose', ...noted, seconds: amount }
        : { t: 'refund.propose', ...noted, cents: amount },
      { within: PATIENCE, signal },
    );
  }

  /** Propose an option: what, for how much, and how many more days to deliver it takes. */
  proposeOption(
    title: string,
    cents: number,
    days: number,
    note: string,
    signal: AbortSignal,
    understood: readonly SecretKind[] = [],
  ): Promise<Done> {
    return this.connection.ask<Done>(
      {
        t: 'option.propose',
        id: crypto.randomUUID(),
        order: this.order,
        title,
        cents,
        days,
        ...(note === '' ? {} : { note }),
        ...knowing(understood),
      },
      { within: PATIENCE, signal },
    );
  }

  /** Answer a proposal; `at` picks one of several times to talk. */
  answer(how: 'accept' | 'decline' | 'withdraw', proposal: number, at?: string): Promise<Done> {
    return this.connection.ask<Done>(
      { t: `proposal.${how}`, id: crypto.randomUUID(), order: this.order, proposal, ...(at === undefined ? {} : { at }) },
      { within: PATIENCE },
    );
  }

  /** Ask to be called, where only the other party may call. */
  requestCall(note: string): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'call.request', id: crypto.randomUUID(), order: this.order, ...(note === '' ? {} : { note }) },
      { within: PATIENCE },
    );
  }

  proposeTalk(times: readonly string[], note: string): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'talk.propose', id: crypto.randomUUID(), order: this.order, times, ...(note === '' ? {} : { note }) },
      { within: PATIENCE },
    );
  }

  /** Note a point that was agreed in a call. */
  notePoint(call: string, text: string): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'minutes.note', id: crypto.randomUUID(), order: this.order, call, text },
      { within: PATIENCE },
    );
  }

  /** Move an item of the readiness list; `note` is what is given, or why. */
  moveItem(move: ItemMove, item: string, note: string, files: readonly string[] = [], understood: readonly SecretKind[] = []): Promise<Done> {
    return this.connection.ask<Done>(
      {
        t: `brief.${move}`,
        id: crypto.randomUUID(),
        order: this.order,
        item,
        ...(note === '' ? {} : { note }),
        ...(files.length === 0 ? {} : { files }),
        ...knowing(understood),
      },
      { within: PATIENCE },
    );
  }

  addItem(label: string, understood: readonly SecretKind[] = []): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'brief.add', id: crypto.randomUUID(), order: this.order, label, ...knowing(understood) },
      { within: PATIENCE },
    );
  }
}

/** The part of a frame that says what its writer was told of. */
export function knowing(understood: readonly SecretKind[]): { understood?: readonly SecretKind[] } {
  return understood.length === 0 ? {} : { understood };
}
