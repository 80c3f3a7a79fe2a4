/**
 * A part of the page that sends commands: one at a time, busy meanwhile, and why one was refused
 * is told where it was asked for.
 */
import { nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { seenSecrets } from '../outbox.js';
import type { SecretKind } from '../protocol.js';
import { textsOf, type Language } from '../texts/index.js';
import { refusal, whyNot } from './refusal.js';

type Host = ReactiveControllerHost & { language: Language };

/** `Place` names where things are asked for, if the part has several such places. */
export class Sending<Place = null> implements ReactiveController {
  /** Whether a command is on its way. */
  busy = false;
  /** What was seen in refused words, and is sent knowingly the next time. */
  understood: readonly SecretKind[] = [];
  private refusal: { at: Place; text: string } | null = null;
  private abort: AbortController | null = null;

  constructor(private readonly host: Host) {
    host.addController(this);
  }

  hostDisconnected(): void {
    this.abort?.abort();
  }

  /** Begin anew: nothing was refused, and nothing seen. */
  begin(): void {
    this.refusal = null;
    this.reworded();
  }

  /** The words have changed: what was seen in the former ones counts no more. */
  reworded(): void {
    this.understood = [];
    this.host.requestUpdate();
  }

  /**
   * Send a command; tell whether it was carried out. `otherwise` is told if no answer came; by
   * itself it says that the answer came too late to be of use.
   */
  async send(at: Place, command: (signal: AbortSignal) => Promise<unknown>, otherwise = textsOf(this.host.language).tooLate): Promise<boolean> {
    this.busy = true;
    this.refuse(at, '');
    this.abort = new AbortController();
    try {
      await command(this.abort.signal);
      return true;
    } catch (error) {
      this.understood = seenSecrets(error) ?? [];
      if (!isAbort(error)) this.refuse(at, whyNot(error, otherwise));
      return false;
    } finally {
      this.busy = false;
      this.host.requestUpdate();
    }
  }

  /** Give up on what is on its way. */
  stop(): void {
    this.abort?.abort();
    this.abort = null;
    this.busy = false;
    this.host.requestUpdate();
  }

  /** Refuse by ourselves what is not even sent. */
  refuse(at: Place, text: string): void {
    this.refusal = text ? { at, text } : null;
    this.host.requestUpdate();
  }

  /** Why what was asked for here was refused, if it was. */
  refused(at: Place): TemplateResult | typeof nothing {
    return refusal(this.refusal?.at === at ? this.refusal.text : '');
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}
