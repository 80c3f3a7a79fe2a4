/**
 * Files on their way from this page to an order: one after the other, through broken lines, pauses
 * and reloads.
 *
 * A model: what shows it may come and go. With a `shelf` the files outlive the page, and each is
 * sent by one page at a time, however many tabs show the order.
 */
import type { Connection } from './connection.js';
import type { Shared } from './files.js';
import { RefusedError } from './outbox.js';
import type * as unsent from './unsent-files.js';
import type { Kept } from './unsent-files.js';
import type { Uploads } from './uploads.js';

export type Stage = 'waiting' | 'sending' | 'checking' | 'paused' | 'broken' | 'failed';

/** Why a file is not even begun. */
export type Fault = 'empty' | 'too_large';

export interface Transfer {
  readonly sent: Kept;
  /** Bytes that the server has. */
  readonly bytes: number;
  readonly stage: Stage;
  /** Why it failed: ours, or the server's sentence. */
  readonly fault: Fault | null;
  readonly why: string;
}

export interface TransferEvents {
  changed(): void;
  /** A file is there. */
  shared?(shared: Shared): void;
}

type Line = Pick<Connection, 'status' | 'watch'>;
type Sender = Pick<Uploads, 'send' | 'cancel'>;
export type FileShelf = Pick<typeof unsent, 'keep' | 'known' | 'forget' | 'unfinished' | 'own'>;

const FIRST_PAUSE = 2_000;
const LONGEST_PAUSE = 30_000;

export class Transfers {
  list: readonly Transfer[] = [];

  private readonly aborts = new Map<string, AbortController>();
  private readonly letGo = new Map<string, () => void>();
  private readonly closing = new AbortController();
  private readonly leave: () => void;
  private chain: Promise<void> = Promise.resolve();
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private restored = false;

  constructor(
    readonly order: string,
    line: Line,
    private readonly sender: Sender,
    private readonly shelf: FileShelf | null,
    private readonly events: TransferEvents,
  ) {
    this.leave = line.watch(() => {
      if (line.status === 'online') this.revive();
    });
  }

  close(): void {
    this.leave();
    clearTimeout(this.timer);
    this.closing.abort();
    for (const abort of this.aborts.values()) abort.abort();
    for (const letGo of this.letGo.values()) letGo();
    this.letGo.clear();
  }

  /** How many are neither there nor given up. */
  get unfinished(): number {
    return this.list.filter(({ stage }) => stage !== 'failed').length;
  }

  /** Send these files of a person; `most` bytes each, 0 if that is not known. */
  take(files: Iterable<File>, person: string, most: number): void {
    for (const file of files) {
      const sent: Kept = { id: crypto.randomUUID(), order: this.order, person, file, name: file.name, at: Date.now() };
      const fault = file.size === 0 ? 'empty' : most > 0 && file.size > most ? 'too_large' : null;
      this.add(sent, fault);
      if (fault === null) void this.put(sent);
    }
  }

  /** Take up what an earlier page had begun, or another one leaves when it closes. */
  async restore(person: string): Promise<void> {
    if (!this.shelf || this.restored) return;
    this.restored = true;
    for (const { id } of await this.shelf.unfinished(this.order, person)) void this.takeUp(this.shelf, id);
  }

  pause(id: string): void {
    this.change(id, { stage: 'paused' });
    this.aborts.get(id)?.abort();
  }

  resume(id: string): void {
    this.change(id, { stage: 'waiting', why: '' });
    this.queue(id);
  }

  /** Send it no more, and erase what arrived of it. */
  drop(id: string): void {
    const one = this.find(id);
    if (!one) return;
    this.forget(id);
    this.aborts.get(id)?.abort();
    void this.sender.cancel(one.sent);
  }

  private find(id: string): Transfer | undefined {
    return this.list.find(({ sent }) => sent.id === id);
  }

  private async put(sent: Kept): Promise<void> {
    if (!this.shelf || !(await this.hold(this.shelf, sent.id))) return;
    if (this.find(sent.id)) await this.shelf.keep(sent);
    else this.release(sent.id); // it was there before it was kept
  }

  private async takeUp(shelf: FileShelf, id: string): Promise<void> {
    if (this.find(id) || !(await this.hold(shelf, id))) return;
    const sent = await shelf.known(id);
    if (sent && !this.closing.signal.aborted) this.add(sent, null);
    else this.release(id);
  }

  /** Have a file to ourselves; false if this closed meanwhile. */
  private async hold(shelf: FileShelf, id: string): Promise<boolean> {
    try {
      this.letGo.set(id, await shelf.own(id, this.closing.signal));
    } catch {
      return false;
    }
    if (this.closing.signal.aborted) this.release(id);
    return !this.closing.signal.aborted;
  }

  private release(id: string): void {
    this.letGo.get(id)?.();
    this.letGo.delete(id);
  }

  private add(sent: Kept, fault: Fault | null): void {
    this.list = [...this.list, { sent, bytes: 0, stage: fault ? 'failed' : 'waiting', fault, why: '' }];
    this.events.changed();
    if (fault === null) this.queue(sent.id);
  }

  private queue(id: string): void {
    this.chain = this.chain.then(() => this.send(id));
  }

  private async send(id: string): Promise<void> {
    const one = this.find(id);
    if (one?.stage !== 'waiting' || this.closing.signal.aborted) return;
    const { sent } = one;
    const abort = new AbortController();
    this.aborts.set(id, abort);
    this.change(id, { stage: 'sending' });
    try {
      const shared = await this.sender.send(sent, (bytes) => this.came(sent, bytes, abort.signal), abort.signal);
      this.tries = 0;
      this.forget(id);
      this.events.shared?.(shared);
    } catch (error) {
      if (abort.signal.aborted) return; // paused, dropped or closed: that is settled where it was done
      if (!(error instanceof RefusedError)) return this.broke(id);
      const over = error.frame.code === 'upload_over' || error.frame.code === 'upload_unknown';
      if (over && sent.location) return this.anew(sent);
      this.unshelve(id);
      this.change(id, { stage: 'failed', why: error.message });
    } finally {
      this.aborts.delete(id);
    }
  }

  private came(sent: Kept, bytes: number, signal: AbortSignal): void {
    if (signal.aborted) return;
    if (bytes === 0 && sent.location && this.find(sent.id)) void this.shelf?.keep(sent);
    this.change(sent.id, { bytes, stage: bytes >= sent.file.size ? 'checking' : 'sending' });
  }

  /** The line broke: what is left goes out when it is back, or a while later. */
  private broke(id: string): void {
    this.change(id, { stage: 'broken' });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.revive(), Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** this.tries));
    this.tries += 1;
  }

  private revive(): void {
    for (const { sent, stage } of this.list) if (stage === 'broken') this.resume(sent.id);
  }

  /** The server no longer knows it: begin again, as another. */
  private anew(sent: Kept): void {
    this.forget(sent.id);
    const { location: _, ...rest } = sent;
    const fresh = { ...rest, id: crypto.randomUUID() };
    this.add(fresh, null);
    void this.put(fresh);
  }

  private change(id: string, change: Partial<Transfer>): void {
    this.list = this.list.map((one) => (one.sent.id === id ? { ...one, ...change } : one));
    this.events.changed();
  }

  private forget(id: string): void {
    this.list = this.list.filter(({ sent }) => sent.id !== id);
    this.unshelve(id);
    this.events.changed();
  }

  /** First off the shelf and then from our hands: whoever waits for it finds nothing. */
  private unshelve(id: string): void {
    void this.shelf?.forget(id).then(() => this.release(id));
  }
}
