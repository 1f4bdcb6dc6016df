/**
 * Sockets: every family, option and message of the kernel.
 *
 * @module
 */
export {};
