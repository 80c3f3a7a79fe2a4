/**
 * The frames of the order room's WebSocket, as the server writes and reads them.
 *
 * A mirror of `realtime/protocol/`, `orders/events/` and `orders/situation.py`: names are
 * those of the wire. Times are ISO 8601 in UTC. The server leaves out a field that has its
 * default, hence the question marks; it may add kinds and fields that this client does not know.
 */

export * from './protocol/events.js';
export * from './protocol/frames.js';
export * from './protocol/situation.js';
