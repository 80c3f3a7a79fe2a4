/** Recording a call, with the consent of both. */
import type { RecordingEnd } from '../protocol.js';

export const recording = {
  ask: 'Ask to record',
  askHint: (name: string, kept: string) =>
    `${name} is asked first. Both of you can then listen to it for ${kept}, a mediator in a dispute too.`,
  waiting: (name: string) => `${name} is being asked whether the call may be recorded`,
  takeBack: 'Take back',
  asked: (name: string) => `${name} would like to record this call`,
  askedHint: (kept: string) =>
    `What you both say from now on would be recorded. The two of you can listen to it, and a mediator if there is a dispute. It is erased after ${kept}, or as soon as either of you wishes. You can stop at any time.`,
  agree: 'Agree to record',
  refuse: 'Do not record',
  on: 'Recording: what you both say is being kept',
  stop: 'Stop recording',
  erase: 'Erase the recording',
  eraseSure: 'Erase it for both of you? This cannot be undone.',
  eraseYes: 'Erase for good',
  voice: (me: boolean, name: string) => (me ? 'Your voice' : `${name}’s voice`),
  until: (date: string) => `Kept until ${date}`,
  lost: 'Some moments are missing.',
  cut: 'The server stopped before the end: the last moments are missing.',
  told: {
    asked: (me: boolean, name: string) => `${me ? 'You' : name} asked to record the call, and agreed to it`,
    agreed: (me: boolean, name: string) => `${me ? 'You' : name} agreed: the call was recorded from here`,
    refused: (me: boolean, name: string) => `${me ? 'You' : name} did not want the call to be recorded`,
    withdrawn: (me: boolean, name: string) => `${me ? 'You' : name} stopped the recording`,
    kept: 'The call was recorded',
    gone: 'The call was recorded. The recording was erased.',
    erased: (me: boolean, name: string | null): string =>
      me ? 'You erased the recording' : name === null ? 'The recording was erased' : `${name} erased the recording`,
  },
  stopped: {
    withdrawn: 'The recording was stopped',
    moved: 'The recording stopped because the call moved to another server',
    longest: 'The recording stopped: it was as long as it may be',
    failed: 'The recording stopped',
    empty: 'The recording stopped',
  } satisfies Record<RecordingEnd, string> as Record<RecordingEnd, string>,
  gone: {
    withdrawn: 'There is no recording: consent was withdrawn',
    moved: 'The recording could not be kept',
    longest: 'The recording could not be kept',
    failed: 'The recording could not be kept',
    empty: 'Nothing was recorded: nobody had spoken yet',
  } satisfies Record<RecordingEnd, string> as Record<RecordingEnd, string>,
};
export type Recording = typeof recording;
