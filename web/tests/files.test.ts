import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isPicture, isShown, isSound, serverOf, titleOf } from '../src/files.js';
import { fileSize } from '../src/texts/index.js';

describe('files', () => {
  it('are sent to the server of the socket', () => {
    assert.equal(serverOf('ws://127.0.0.1:8000/ws'), 'http://127.0.0.1:8000');
    assert.equal(serverOf('wss://rooms.example.org/path/ws'), 'https://rooms.example.org');
  });

  it('are shown in place only if they are pictures, sounds or PDF', () => {
    assert.ok(isPicture('image/png') && isSound('audio/mpeg') && isShown('application/pdf'));
    for (const type of ['image/svg+xml', 'text/html', 'text/plain', 'video/mp4', 'application/zip', '']) {
      assert.ok(!isShown(type), type);
    }
  });

  it('tell their size in the steps of the language', () => {
    const told = (language: 'fr' | 'en', bytes: number): string =>
      fileSize(language, bytes).replace(/[\u00a0\u202f]/g, ' ');
    assert.equal(told('fr', 0), '0 o');
    assert.equal(told('fr', 999), '999 o');
    assert.equal(told('fr', 1000), '1 ko');
    assert.equal(told('fr', 2_400_000), '2,4 Mo');
    assert.equal(told('en', 26_214_400), '26.2 MB');
  });

  it('are called by their name, and a voice note by what it is and how long', () => {
    const note = { name: 'voice-note.webm', voice: true, millis: 41_600 };
    assert.equal(titleOf(note, 'en'), 'Voice note · 0:42');
    assert.equal(titleOf(note, 'fr'), 'Message vocal · 0:42');
    assert.equal(titleOf({ name: 'song.webm', millis: 41_600 }, 'fr'), 'song.webm');
  });
});
