/**
 * The command `zerocopy`.
 *
 * @module
 */
export {};
