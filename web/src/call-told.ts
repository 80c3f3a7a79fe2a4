/** What the server told of one call and both who are in it. Pure. */
import { told as heardNow, WELL, type Heard } from './call-quality.js';
import type { CallSignal } from './protocol.js';

export interface Told {
  /** Which call it is about: what was told of one holds for no other. */
  call: string;
  /** The other closed their microphone, or their line is weak. */
  otherMuted: boolean;
  otherWeak: boolean;
  /** This person put the call on hold, or the other one did. */
  holding: boolean;
  otherHolding: boolean;
  /** How this person is heard, and the other one. */
  mine: Heard;
  theirs: Heard;
}

/** Before anything was told of that call. */
export function nothingTold(call: string): Told {
  return { call, otherMuted: false, otherWeak: false, holding: false, otherHolding: false, mine: WELL, theirs: WELL };
}

/** What is known of that call with what was known before. */
export function about(before: Told, call: string): Told {
  return before.call === call ? before : nothingTold(call);
}

/** What is known with one more word of the server; `own` if it is about this person. */
export function heed(before: Told, { call, media }: Pick<CallSignal, 'call' | 'media'>, own: boolean): Told {
  const known = about(before, call);
  switch (media) {
    case 'muted':
    case 'unmuted':
      return own ? known : { ...known, otherMuted: media === 'muted' };
    case 'held':
    case 'resumed':
      return { ...known, [own ? 'holding' : 'otherHolding']: media === 'held' };
    case 'reconnecting':
    case 'gone':
    case 'connected':
      return own ? known : { ...known, otherWeak: media !== 'connected' };
    default: {
      const whose = own ? 'mine' : 'theirs';
      return { ...known, [whose]: heardNow(known[whose], media) };
    }
  }
}
