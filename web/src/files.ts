/** Sending files of an order over HTTP, and having them by short-lived links. */
import type { TokenProvider } from './line.js';
import { RefusedError } from './outbox.js';
import type { Refused, Scan } from './protocol.js';
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
   * Share a file. `id` makes it repeat-safe; `progress` hears parts of one.
   *
   * Rejects with `RefusedError`, `LostError`, or an `AbortError` when `signal` aborts.
   */
  async share(order: string, file: File, id: string, progress: (part: number) => void, signal: AbortSignal): Promise<Shared> {
    const token = await this.token();
    // `fetch` tells nothing of how much went out
    return await new Promise<Shared>((resolve, reject) => {
      const request = new XMLHttpRequest();
      const abort = (): void => request.abort();
      request.open('POST', `${this.server}/api/v1/me/orders/${encodeURIComponent(order)}/files`);
      request.setRequestHeader('Authorization', `Bearer ${token}`);
      request.setRequestHeader('Accept-Language', this.language);
      request.setRequestHeader('Idempotency-Key', id);
      request.setRequestHeader('X-File-Name', encodeURIComponent(wellFormed(file.name)));
      request.setRequestHeader('Content-Type', 'application/octet-stream');
      request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0);
      request.onload = () => {
        const answer = parsed(request.responseText);
        if (request.status === 200 || request.status === 201) resolve(answer as Shared);
        else if (isRefusal(answer)) reject(new RefusedError(answer));
        else reject(new LostError());
      };
      request.onerror = request.ontimeout = () => reject(new LostError());
      request.onabort = () => reject(new DOMException('', 'AbortError'));
      request.onloadend = () => signal.removeEventListener('abort', abort);
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) reject(new DOMException('', 'AbortError'));
      else request.send(file);
    });
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
