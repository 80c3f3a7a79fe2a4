import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { LONGEST, Recorder } from '../src/recorder.js';

/** What a browser has and Node has not: a microphone, something that writes, something that measures. */
class Writer {
  static isTypeSupported = (type: string): boolean => type.startsWith('audio/ogg');
  state = 'inactive';
  ondataavailable: ((told: { data: Blob }) => void) | null = null;
  onstop: (() => void) | null = null;
  start(): void {
    this.state = 'recording';
  }
  stop(): void {
    this.state = 'inactive';
    this.ondataavailable?.({ data: new Blob(['spoken']) });
    this.onstop?.();
  }
}
const node = { connect: () => undefined, disconnect: () => undefined, fftSize: 512 };

describe('a voice note', () => {
  let open = 0;
  beforeEach(() => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const stream = { getTracks: () => [{ stop: () => (open -= 1) }] };
    const mediaDevices = { getUserMedia: () => Promise.resolve(stream).finally(() => (open += 1)) };
    const sound = class {
      createMediaStreamSource = (): unknown => node;
      createAnalyser = (): unknown => node;
    };
    for (const [name, value] of Object.entries({
      isSecureContext: true,
      navigator: { mediaDevices },
      MediaRecorder: Writer,
      AudioContext: sound,
    })) {
      Object.defineProperty(globalThis, name, { value, configurable: true });
    }
  });
  afterEach(() => mock.timers.reset());

  it('stops by itself after two minutes, keeps what was said and closes the microphone', async () => {
    const recorder = new Recorder('note', () => undefined);
    await recorder.start(null);
    assert.equal(open, 1);
    mock.timers.tick(119_999);
    assert.equal(recorder.state, 'recording');
    mock.timers.tick(1);
    assert.equal(recorder.state, 'recorded');
    assert.equal(LONGEST, 120);
    assert.equal(await recorder.file?.text(), 'spoken');
    assert.equal(recorder.file?.name, 'note.ogg');
    assert.equal(open, 0);
  });

  it('that was given up is gone, and so is its limit', async () => {
    const recorder = new Recorder('note', () => undefined);
    await recorder.start(null);
    recorder.drop();
    mock.timers.tick(LONGEST * 1_000);
    assert.equal(recorder.state, 'idle');
    assert.equal(recorder.file, null);
    assert.equal(open, 0);
  });
});
