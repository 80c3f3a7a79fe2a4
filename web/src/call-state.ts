/** What this tab does about a call, from what it sees. Pure. */
import type { CallEnd, CallNow } from './protocol.js';

export type CallState = 'idle' | 'calling' | 'ringing' | 'silenced' | 'connecting' | 'active' | 'elsewhere' | 'ended';

export interface Ended {
  call: string;
  /** Null until the entry that tells it arrives. */
  end: CallEnd | null;
  seconds: number;
}

/** What a call needs to be decided; pure, so that every combination can be tested. */
export interface Seen {
  me: string;
  now: CallNow | null;
  /** The call whose sound belongs to this tab. */
  mine: string | null;
  /** A button was pressed and the server has not answered. */
  asking: 'start' | 'accept' | null;
  /** The call that this tab lets ring elsewhere; nobody is told of that. */
  silenced: string | null;
  /** The call that this tab hung up, whether the server knows it yet or not. */
  hungUp: string | null;
  connected: boolean;
  ended: boolean;
}

export function stateOf({ me, now, mine, asking, silenced, hungUp, connected, ended }: Seen): CallState {
  if (!now || hungUp === now.call) {
    if (asking === 'start') return 'calling';
    return ended ? 'ended' : 'idle';
  }
  if (now.answered_at === null) {
    if (now.caller === me) return mine === now.call || asking === 'start' ? 'calling' : 'elsewhere';
    if (asking !== null || mine === now.call) return 'connecting';
    return silenced === now.call ? 'silenced' : 'ringing';
  }
  if (mine === now.call) return connected ? 'active' : 'connecting';
  return asking !== null ? 'connecting' : 'elsewhere';
}
