/** Sending files of an order over HTTP, and having them by short-lived links. */
import { clockFace } from './countdown.js';
import type { TokenProvider } from './line.js';
import { RefusedError } from './outbox.js';
import type { Refused, Scan } from './protocol.js';
import { textsOf, type Language } from './texts/index.js';
import { Uploads } from './uploads.js';

/** A file as everybody in the order knows it. */
export interface Shared {
  file: string;
  name: string;
  size: number;
  type: string;
  scan?: Scan;
  width?: number;
  height?: number;
  thumb?: boolean;
  millis?: number;
  peaks?: readonly number[];
  /** Whether it was spoken in the room. */
  voice?: boolean;
}

/** What a file is called on the screen; a voice note has a length, and a name only on disks. */
export function titleOf({ name, voice, millis }: Pick<Shared, 'name' | 'voice' | 'millis'>, language: Language): string {
  return voice ? voiceNote(language, millis ?? 0) : name;
}

/** What a voice note is called: "Voice note · 0:42". */
export function voiceNote(language: Language, millis: number): string {
  return `${textsOf(language).talk.noteTitle} · ${clockFace(Math.round(millis / 1000) * 1000)}`;
}

export function isPicture(type: string): boolean {
  return /^image\/(png|jpeg|gif|webp)$/.test(type);
}

export function isSound(type: string): boolean {
  return /^audio\/(mpeg|wav|ogg|mp4|webm)$/.test(type);
}

/** Whether the browser shows it in place; anything else is saved. */
export function isShown(type: string): boolean {
  return isPicture(type) || isSound(type) || type === 'application/pdf';
}

/** The line was lost while a file was on its way; sending it again under its id is safe. */
export class LostError extends Error {
  override name = 'LostError';
}

/** Where HTTP of the server is, for the address of its WebSocket. */
export function serverOf(socket: string): string {
  const url = new URL(socket);
  return `${url.protocol.replace('ws', 'http')}//${url.host}`;
}

export class Files {
  constructor(
    private readonly server: string,
    private readonly token: TokenProvider,
    private readonly language: string,
  ) {}

  /**
   * Share what was spoken in the room. `id` makes it repeat-safe.
   *
   * Rejects with `RefusedError`, `LostError`, or an `AbortError` when `signal` aborts.
   */
  async shareVoiceNote(order: string, file: File, id: string, signal: AbortSignal): Promise<Shared> {
    const headers = {
      Authorization: `Bearer ${await this.token()}`,
      'Accept-Language': this.language,
      'Content-Type': 'application/octet-stream',
      'Idempotency-Key': id,
      'X-File-Name': encodeURIComponent(wellFormed(file.name)),
      'X-Voice-Note': '1',
    };
    const path = `/api/v1/me/orders/${encodeURIComponent(order)}/files`;
    let answer: unknown;
    try {
      const response = await fetch(this.server + path, { method: 'POST', headers, body: file, signal });
      answer = parsed(await response.text());
      if (response.ok && answer !== null) return answer as Shared;
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') throw error;
      throw new LostError();
    }
    throw isRefusal(answer) ? new RefusedError(answer) : new LostError();
  }

  /** Fetch the sealed record of an order, to be kept as a file. */
  async record(order: string, kind: 'html' | 'json'): Promise<Blob> {
    const path = `/api/v1/me/orders/${encodeURIComponent(order)}/record.${kind}?language=${this.language}`;
    const headers = { Authorization: `Bearer ${await this.token()}`, 'Accept-Language': this.language };
    let response: Response;
    try {
      response = await fetch(this.server + path, { headers });
      if (response.ok) return await response.blob();
    } catch {
      throw new LostError();
    }
    const answer = parsed(await response.text());
    throw isRefusal(answer) ? new RefusedError(answer) : new LostError();
  }

  /** Uploads that survive a broken line. */
  uploads(): Uploads {
    return new Uploads(this.server, this.token, this.language);
  }

  /** Return addresses at which the file and its small picture can be had for some minutes. */
  async link(order: string, file: string): Promise<{ url: string; thumb: string | null }> {
    const path = `/api/v1/me/orders/${encodeURIComponent(order)}/files/${encodeURIComponent(file)}`;
    const headers = { Authorization: `Bearer ${await this.token()}`, 'Accept-Language': this.language };
    let response: Response;
    try {
      response = await fetch(this.server + path, { headers });
    } catch {
      throw new LostError();
    }
    const answer = parsed(await response.text());
    if (!response.ok) throw isRefusal(answer) ? new RefusedError(answer) : new LostError();
    const { url, thumb } = answer as { url: string; thumb?: string | null };
    return { url: this.server + url, thumb: thumb ? this.server + thumb : null };
  }
}

export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function isRefusal(answer: unknown): answer is Pick<Refused, 'code' | 'text' | 'facts'> {
  return typeof answer === 'object' && answer !== null && 'code' in answer;
}

/** A name cut in the middle of a character cannot be written in UTF-8. */
export function wellFormed(name: string): string {
  return name.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}
