/**
 * Raw and packet sockets: send packets of one's own making, and see those that come by.
 *
 * @module
 */
export {};
