/** What a host page loads: both elements, over one shared socket where they share a `token`. */
export { OrderInboxElement } from './order-inbox.js';
export { OrderRoomElement, TokenRefused, type TokenProvider } from './order-room.js';
