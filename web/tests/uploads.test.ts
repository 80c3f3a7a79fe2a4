import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LostError } from '../src/files.js';
import { RefusedError } from '../src/outbox.js';
import { Uploads, type Request, type Sent } from '../src/uploads.js';

const WHERE = '/api/v1/me/orders/o1/uploads/u1';

/** A server that keeps what arrives, and breaks the line after so many bytes of a request. */
class Server {
  kept = new Map<string, Uint8Array>();
  asked: string[] = [];
  breaksAfter = Infinity;
  accepts = 'Bearer token';
  length = 0;

  readonly carry = async (request: Request): Promise<{ status: number; text: string; header(name: string): string | null }> => {
    this.asked.push(request.method);
    assert.equal(request.headers['Tus-Resumable'], '1.0.0');
    if (request.headers['Authorization'] !== this.accepts) {
      return { status: 401, text: '{"code":"token_expired","text":"Sign in again.","facts":{}}', header: () => null };
    }
    const has = this.kept.get('u1') ?? new Uint8Array();
    const answer = (status: number, headers: Record<string, string> = {}, text = '') => ({
      status,
      text,
      header: (name: string) => headers[name] ?? null,
    });
    switch (request.method) {
      case 'POST':
        this.length = Number(request.headers['Upload-Length']);
        return answer(201, { Location: WHERE, 'Upload-Offset': String(has.length) });
      case 'HEAD':
        return answer(200, { 'Upload-Offset': String(has.length) });
      case 'DELETE':
        this.kept.delete('u1');
        return answer(204);
      case 'PATCH': {
        if (Number(request.headers['Upload-Offset']) !== has.length) return answer(409, {}, '{"code":"offset_wrong"}');
        const all = new Uint8Array(await (request.body as Blob).arrayBuffer());
        const some = all.slice(0, this.breaksAfter);
        this.kept.set('u1', new Uint8Array([...has, ...some]));
        request.progress?.(some.length);
        if (some.length < all.length) throw new LostError();
        return answer(204, { 'Upload-Offset': String(this.length), 'Order-File': 'f1', 'Order-Seq': '7' });
      }
    }
  };
}

const file = new Blob([new Uint8Array(1000).map((_, i) => i % 251)], { type: 'application/zip' });
const sent = (): Sent => ({ id: 'a', order: 'o1', file, name: 'notes é.zip' });

describe('sending a file', () => {
  it('continues where the server stands after the line broke', async () => {
    const server = new Server();
    const uploads = new Uploads('', async () => 'token', 'fr', server.carry);
    const one = sent();
    server.breaksAfter = 400;
    const heard: number[] = [];
    const signal = new AbortController().signal;
    await assert.rejects(uploads.send(one, (bytes) => heard.push(bytes), signal), LostError);
    assert.deepEqual(heard, [0, 400]);
    assert.equal(one.location, WHERE);

    server.breaksAfter = Infinity;
    const shared = await uploads.send(one, (bytes) => heard.push(bytes), signal);
    assert.deepEqual(shared, { file: 'f1', name: 'notes é.zip', size: 1000, type: 'application/zip' });
    assert.deepEqual(heard, [0, 400, 400, 1000]);
    assert.deepEqual(server.kept.get('u1'), new Uint8Array(await file.arrayBuffer()));
    assert.deepEqual(server.asked, ['POST', 'PATCH', 'HEAD', 'PATCH']);
  });

  it('asks again where it is when the server has more than we knew', async () => {
    const server = new Server();
    const uploads = new Uploads('', async () => 'token', 'fr', server.carry);
    const one = { ...sent(), location: WHERE };
    let first = true;
    const signal = new AbortController().signal;
    const carry = async (request: Request) => {
      const answer = await server.carry(request);
      // what was on its way arrives after we asked how much there is
      if (request.method === 'HEAD' && first) {
        first = false;
        server.kept.set('u1', new Uint8Array(await file.slice(0, 10).arrayBuffer()));
      }
      return answer;
    };
    const late = new Uploads('', async () => 'token', 'fr', carry);
    assert.equal((await late.send(one, () => undefined, signal)).file, 'f1');
    assert.deepEqual(server.asked, ['HEAD', 'PATCH', 'HEAD', 'PATCH']);
    await uploads.cancel(one);
    assert.equal(server.kept.has('u1'), false);
  });

  it('says in the server’s words why it is refused', async () => {
    const uploads = new Uploads('', async () => 'token', 'fr', async () => ({
      status: 413,
      text: '{"code":"file_too_large","text":"Trop grand.","facts":{}}',
      header: () => null,
    }));
    await assert.rejects(
      uploads.send(sent(), () => undefined, new AbortController().signal),
      (error: unknown) => error instanceof RefusedError && error.message === 'Trop grand.',
    );
  });

  it('waits a moment where the server reads too much of the person already', async () => {
    const server = new Server();
    let busy = 1;
    const carry = async (request: Request) =>
      request.method === 'PATCH' && busy-- > 0
        ? { status: 429, text: '{"code":"too_many_open","text":"Plus tard.","facts":{}}', header: () => null }
        : await server.carry(request);
    const uploads = new Uploads('', async () => 'token', 'fr', carry);
    assert.equal((await uploads.send(sent(), () => undefined, new AbortController().signal)).file, 'f1');
  });

  it('is refused where the conflict is not about the offset', async () => {
    const server = new Server();
    const carry = async (request: Request) =>
      request.method === 'PATCH'
        ? { status: 409, text: '{"code":"chat_closed","text":"La discussion est fermée.","facts":{}}', header: () => null }
        : await server.carry(request);
    const uploads = new Uploads('', async () => 'token', 'fr', carry);
    await assert.rejects(
      uploads.send(sent(), () => undefined, new AbortController().signal),
      (error: unknown) => error instanceof RefusedError && error.frame.code === 'chat_closed',
    );
  });

  it('takes a newer token when the one it had ended on the way, and says so if that is no better', async () => {
    const server = new Server();
    const tokens = ['old', 'token', 'old', 'token', 'old', 'old'];
    const uploads = new Uploads('', async () => tokens.shift() ?? 'old', 'fr', server.carry);
    const signal = new AbortController().signal;
    const shared = await uploads.send(sent(), () => undefined, signal);
    assert.equal(shared.file, 'f1');
    assert.deepEqual(server.asked, ['POST', 'POST', 'PATCH', 'PATCH']);
    await assert.rejects(uploads.send(sent(), () => undefined, signal), (error: unknown) => {
      return error instanceof RefusedError && error.frame.code === 'token_expired';
    });
  });
});
