/** What a person does with messages, and about the other: every ask of the conversation. */
import type { Connection } from './connection.js';
import { RefusedError } from './outbox.js';
import { knowing } from './process.js';
import type {
  Blocked,
  Done,
  Finding,
  Found,
  Preferences,
  Reaction,
  Reported,
  ReportReason,
  Screened,
  SecretKind,
  Versions,
} from './protocol.js';

const PATIENCE = 20_000;
const SCREEN_PATIENCE = 3_000;

/** Look for words in one order, or in all of the person's; `before` continues an earlier answer. */
export function search(connection: Connection, q: string, order: string | null, before?: string): Promise<Found> {
  return connection.ask<Found>(
    {
      t: 'search',
      id: crypto.randomUUID(),
      q,
      ...(order === null ? {} : { order }),
      ...(before === undefined ? {} : { before }),
    },
    { within: PATIENCE },
  );
}

/** Keep one's presence to oneself, or not; for all orders. */
export function hidePresence(connection: Connection, hide: boolean): Promise<Preferences> {
  return connection.ask<Preferences>(
    { t: 'preferences', id: crypto.randomUUID(), hide_presence: hide },
    { within: PATIENCE },
  );
}

export class Messages {
  /** A server without screening refuses the ask; then it is not asked again. */
  private screens = true;

  constructor(
    private readonly connection: Connection,
    private readonly order: string,
  ) {}

  /** `understood`: what the writer was told is private in the new words, and sends anyway. */
  edit(message: number, text: string, understood: readonly SecretKind[] = []): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'message.edit', id: crypto.randomUUID(), order: this.order, message, text, ...knowing(understood) },
      { within: PATIENCE },
    );
  }

  withdraw(message: number): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'message.withdraw', id: crypto.randomUUID(), order: this.order, message },
      { within: PATIENCE },
    );
  }

  versions(message: number): Promise<Versions> {
    return this.connection.ask<Versions>(
      { t: 'versions', id: crypto.randomUUID(), order: this.order, message },
      { within: PATIENCE },
    );
  }

  react(message: number, reaction: Reaction, on: boolean): Promise<Done> {
    return this.connection.ask<Done>(
      { t: on ? 'reaction.add' : 'reaction.remove', id: crypto.randomUUID(), order: this.order, message, reaction },
      { within: PATIENCE },
    );
  }

  /** What had rather not be sent of a text; nothing when it cannot be asked just now. */
  async screen(text: string): Promise<readonly Finding[]> {
    if (!this.screens || this.connection.status !== 'online') return [];
    try {
      const frame = { t: 'screen', id: crypto.randomUUID(), order: this.order, text } as const;
      return (await this.connection.ask<Screened>(frame, { within: SCREEN_PATIENCE })).findings;
    } catch (error) {
      if (error instanceof RefusedError && error.frame.code === 'malformed') this.screens = false;
      return [];
    }
  }

  nudge(): Promise<Done> {
    return this.connection.ask<Done>(
      { t: 'order.nudge', id: crypto.randomUUID(), order: this.order },
      { within: PATIENCE },
    );
  }

  /** Tell the marketplace; `message` is the one it is about, or null for the other person. */
  report(message: number | null, reason: ReportReason, note: string): Promise<Reported> {
    return this.connection.ask<Reported>(
      {
        t: 'report',
        id: crypto.randomUUID(),
        order: this.order,
        reason,
        ...(message === null ? {} : { message }),
        ...(note === '' ? {} : { note }),
      },
      { within: PATIENCE },
    );
  }

  block(on: boolean): Promise<Blocked> {
    return this.connection.ask<Blocked>(
      { t: 'block', id: crypto.randomUUID(), order: this.order, on },
      { within: PATIENCE },
    );
  }
}
