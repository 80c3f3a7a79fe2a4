/** How a call sounds, from what the server tells, and what helps. Pure. */
import type { Media } from './protocol.js';

/** How one person is heard. */
export interface Heard {
  bad: boolean;
  /** The microphone gives nothing, or no packet of it comes. */
  trouble: 'silent_microphone' | 'one_way' | null;
}

export const WELL: Heard = { bad: false, trouble: null };

/** What was known with one more word of the server. */
export function told(before: Heard, media: Media): Heard {
  switch (media) {
    case 'quality_bad':
      return { ...before, bad: true };
    case 'quality_good':
      return { ...before, bad: false };
    case 'silent_microphone':
    case 'one_way':
      return { ...before, trouble: media };
    case 'heard':
      return { ...before, trouble: null };
    default:
      return before;
  }
}

export type Advice = 'my_microphone' | 'my_sound' | 'their_microphone' | 'their_sound' | 'both_bad' | 'mine_bad' | 'theirs_bad';

/** The one thing worth saying now; null while all is well. What a person can mend comes first. */
export function adviceOf(mine: Heard, theirs: Heard, muted: boolean): Advice | null {
  if (!muted && mine.trouble) return mine.trouble === 'one_way' ? 'my_sound' : 'my_microphone';
  if (theirs.trouble) return theirs.trouble === 'one_way' ? 'their_sound' : 'their_microphone';
  if (mine.bad && theirs.bad) return 'both_bad';
  return mine.bad ? 'mine_bad' : theirs.bad ? 'theirs_bad' : null;
}
