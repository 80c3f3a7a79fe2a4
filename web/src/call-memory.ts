/** What a tab keeps in mind of the call of one order, also over a reload; and this browser, of calls. */
import { forget, kept, recall, remember } from './memory.js';

/** With the order's id: the call of it that is heard in this tab. */
const HEARD = 'order-room:call:';
/** With the order's id: the call of it in which this tab closed the microphone. */
const MUTED = 'order-room:muted:';
const SILENCED = 'order-room:silenced:';
const KNOWN = 'order-room:sound-known';

export class CallMemory {
  constructor(private readonly order: string) {}

  /** The orders of which a call is heard in this tab. */
  static get orders(): readonly string[] {
    return kept(HEARD);
  }

  /** The call that is heard in this tab. */
  get heard(): string | null {
    return recall(HEARD + this.order, 'session');
  }

  set heard(call: string | null) {
    this.set(HEARD, call);
  }

  /** The call in which this tab closed the microphone: a page that is reloaded does not open it. */
  get muted(): string | null {
    return recall(MUTED + this.order, 'session');
  }

  set muted(call: string | null) {
    this.set(MUTED, call);
  }

  /** The call that this tab lets ring elsewhere. */
  get silenced(): string | null {
    return recall(SILENCED + this.order, 'session');
  }

  set silenced(call: string | null) {
    this.set(SILENCED, call);
  }

  /** Whether a call or a test was ever heard on this device. */
  get soundIsKnown(): boolean {
    return recall(KNOWN, 'local') !== null;
  }

  know(): void {
    if (!this.soundIsKnown) remember(KNOWN, 'yes', 'local');
  }

  private set(what: string, call: string | null): void {
    if (call === null) forget(what + this.order);
    else remember(what + this.order, call, 'session');
  }
}
