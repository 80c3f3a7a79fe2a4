/**
 * Sending a file in a way that survives a broken line: tus 1.0.0 (core, creation, termination).
 *
 * The server keeps whatever arrived; after a break it is asked how far it got, and the rest is
 * sent from there. The same `id` is the same upload, also after a reload.
 */
import { isRefusal, LostError, parsed, wellFormed, type Shared } from './files.js';
import type { TokenProvider } from './line.js';
import { RefusedError } from './outbox.js';

const VERSION = '1.0.0';
/** How long to wait while another request of the same upload is still being read. */
const BUSY_PAUSE = 1_000;
const ROUNDS = 8;

/** A file that is to be sent, and how far the server is known to have got. */
export interface Sent {
  readonly id: string;
  readonly order: string;
  readonly file: Blob;
  readonly name: string;
  /** Where it is received, once the server said so. */
  location?: string;
}

/** What XMLHttpRequest said. */
interface Answer {
  status: number;
  header(name: string): string | null;
  text: string;
}

export interface Request {
  method: 'POST' | 'HEAD' | 'PATCH' | 'DELETE';
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: Blob;
  progress?: (sent: number) => void;
  signal?: AbortSignal;
}

/** Carries a request out; rejects with `LostError` or an `AbortError`. */
export type Carry = (request: Request) => Promise<Answer>;

export class Uploads {
  private readonly carry: Carry;

  constructor(
    private readonly server: string,
    private readonly token: TokenProvider,
    private readonly language: string,
    carry?: Carry,
  ) {
    this.carry = carry ?? ((request) => overHttp(this.server, request));
  }

  /**
   * Send what is left of a file. `progress` hears how many bytes the server has.
   *
   * Rejects with `RefusedError`, with `LostError` when the line broke (asking again continues),
   * or with an `AbortError` when `signal` aborts.
   */
  async send(sent: Sent, progress: (bytes: number) => void, signal: AbortSignal): Promise<Shared> {
    let offset = await this.begin(sent, signal);
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(offset);
      const from = offset;
      const answer = await this.ask(signal, {
        method: 'PATCH',
        path: sent.location ?? '',
        headers: { 'Upload-Offset': String(from), 'Content-Type': 'application/offset+octet-stream' },
        body: sent.file.slice(from),
        progress: (bytes) => progress(from + bytes),
      });
      const file = answer.header('Order-File');
      if (answer.status === 204 && file !== null) {
        return { file, name: sent.name, size: sent.file.size, type: sent.file.type };
      }
      if (isBusy(answer)) await pause(BUSY_PAUSE, signal);
      else if (answer.status !== 204 && !misplaced(answer)) throw refused(answer);
      offset = await this.offset(sent, signal);
      if (offset >= sent.file.size && file === null && answer.status === 204) throw new LostError();
    }
    throw new LostError();
  }

  /** Forget an upload and erase what arrived. What fails is erased by its age. */
  async cancel(sent: Sent): Promise<void> {
    if (!sent.location) return;
    await this.ask(undefined, { method: 'DELETE', path: sent.location, headers: {} }).catch(() => undefined);
  }

  private async begin(sent: Sent, signal: AbortSignal): Promise<number> {
    if (sent.location) return await this.offset(sent, signal);
    const answer = await this.ask(signal, {
      method: 'POST',
      path: `/api/v1/me/orders/${encodeURIComponent(sent.order)}/uploads`,
      headers: {
        'Idempotency-Key': sent.id,
        'Upload-Length': String(sent.file.size),
        'Upload-Metadata': `filename ${base64(wellFormed(sent.name))}`,
      },
    });
    const location = answer.header('Location');
    if ((answer.status !== 201 && answer.status !== 200) || location === null) throw refused(answer);
    sent.location = location;
    return Number(answer.header('Upload-Offset') ?? 0);
  }

  private async offset(sent: Sent, signal: AbortSignal): Promise<number> {
    const answer = await this.ask(signal, { method: 'HEAD', path: sent.location ?? '', headers: {} });
    if (answer.status === 200 || answer.status === 204) return Number(answer.header('Upload-Offset') ?? 0);
    throw refused(answer);
  }

  private async ask(signal: AbortSignal | undefined, request: Request): Promise<Answer> {
    let answer = await this.once(signal, request);
    // the token may have ended while the piece before was on its way: a newer one is worth a try
    if (answer.status === 401) answer = await this.once(signal, request);
    if (answer.status >= 500 || answer.status === 0) throw new LostError();
    return answer;
  }

  private async once(signal: AbortSignal | undefined, request: Request): Promise<Answer> {
    const token = await this.token();
    signal?.throwIfAborted();
    const headers = {
      'Tus-Resumable': VERSION,
      Authorization: `Bearer ${token}`,
      'Accept-Language': this.language,
      ...request.headers,
    };
    return await this.carry({ ...request, headers, ...(signal ? { signal } : {}) });
  }
}

/** Another request of this upload, or of too many others of the person, is still being read. */
function isBusy({ text, status }: Answer): boolean {
  const answer = parsed(text);
  return status === 423 || (isRefusal(answer) && answer.code === 'too_many_open');
}

/** The server is elsewhere in the file than we believed; any other conflict is a refusal. */
function misplaced({ text, status }: Answer): boolean {
  const answer = parsed(text);
  return status === 409 && (!isRefusal(answer) || answer.code === 'offset_wrong');
}

function refused({ text, status }: Answer): Error {
  const answer = parsed(text);
  if (isRefusal(answer)) return new RefusedError(answer);
  // an answer to HEAD has no body: what is gone is gone
  const gone = status === 404 || status === 410;
  return gone ? new RefusedError({ code: 'upload_over', text: '', facts: {} }) : new LostError();
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('', 'AbortError'));
    });
  });
}

/** `fetch` tells nothing of how much went out. */
function overHttp(server: string, { method, path, headers, body, progress, signal }: Request): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    request.open(method, server + path);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    if (progress) request.upload.onprogress = ({ loaded }) => progress(loaded);
    request.onload = () =>
      resolve({ status: request.status, text: request.responseText, header: (name) => request.getResponseHeader(name) });
    request.onerror = request.ontimeout = () => reject(new LostError());
    request.onabort = () => reject(new DOMException('', 'AbortError'));
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) reject(new DOMException('', 'AbortError'));
    else request.send(body ?? null);
  });
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
