/**
 * Connections that are kept for the next one who asks for the same host and port.
 *
 * @module
 */
export {};
