/** How a call sounds: advice, hold, what was measured. */
import type { Advice } from '../call-quality.js';
import type { EchoState } from '../echo-test.js';

export const sound = {
  advice: {
    my_microphone: () => 'Your microphone gives no sound',
    my_sound: (name: string) => `${name} cannot hear you`,
    their_microphone: (name: string) => `No sound from ${name}’s microphone`,
    their_sound: (name: string) => `Nothing is heard from ${name}`,
    both_bad: () => 'The connection is weak',
    mine_bad: (name: string) => `${name} hears you poorly`,
    theirs_bad: (name: string) => `You hear ${name} poorly`,
  } satisfies Record<Advice, (name: string) => string> as Record<Advice, (name: string) => string>,
  helps: {
    my_microphone: (name: string) => `${name} hears silence. Check the switch on your headset, or choose another microphone.`,
    my_sound: () => 'Your sound does not get through. Reconnecting usually helps.',
    their_microphone: (name: string) => `We have told ${name}. You can write meanwhile.`,
    their_sound: (name: string) => `Their sound does not get through. We have told ${name}; you can write meanwhile.`,
    both_bad: () => 'Move closer to your Wi-Fi, or pause downloads. You can also write.',
    mine_bad: () => 'Move closer to your Wi-Fi, or pause downloads and videos.',
    theirs_bad: () => 'The connection is weak. Closer to the Wi-Fi it may get better; you can also write.',
  } satisfies Record<Advice, (name: string) => string> as Record<Advice, (name: string) => string>,
  overall: { good: 'Good sound', fair: 'Fair sound', poor: 'Poor sound' },
  heard: {
    good: (me: boolean, name: string) => `${me ? 'You were' : `${name} was`} heard well:`,
    fair: (me: boolean, name: string) => `${me ? 'You were' : `${name} was`} heard fairly well:`,
    poor: (me: boolean, name: string) => `${me ? 'You were' : `${name} was`} hard to hear:`,
  },
  figures: (f: { opinion: string; loss: string; jitter: number; trip: number }) =>
    `score ${f.opinion} of 4.5, ${f.loss} lost, ${f.jitter} ms jitter, ${f.trip} ms there and back.`,
  check: {
    open: 'Test the microphone',
    settings: 'Microphone and sound',
    title: 'Test your microphone',
    body: 'Speak for a moment: you hear yourself a second later, over the same way as in a call. Nobody else listens, and nothing is kept.',
    start: 'Start the test',
    stop: 'Stop',
    again: 'Test again',
    speaker: 'Speaker',
    onlyOne: 'This device has one microphone, and your browser chooses the speaker.',
    state: {
      idle: 'Ready when you are.',
      opening: 'Connecting…',
      listening: 'Say something…',
      heard: 'We heard you well. If you hear yourself too, you are ready for a call.',
      silent: 'Nothing arrived: your microphone gives no sound. Check its switch, or choose another one.',
      lost: 'Nothing arrived: your microphone works, but its sound does not get through. Try another network.',
      blocked: 'Nothing arrived: your network lets no calls through. Try another one, or switch off the VPN.',
    } satisfies Record<EchoState, string> as Record<EchoState, string>,
  },
  reconnect: 'Reconnect',
  reopen: 'Try the microphone again',
  choose: 'Choose a microphone',
  hold: 'Put the call on hold',
  holdShort: 'Hold',
  resume: 'Resume the call',
  resumeShort: 'Resume',
  holding: 'On hold. Neither of you hears the other.',
  held: (name: string) => `${name} put the call on hold`,
  bothHold: 'On hold on both sides',
};
export type Sound = typeof sound;
