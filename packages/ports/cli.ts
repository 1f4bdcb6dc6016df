/**
 * The command `ports`.
 *
 * @module
 */
export {};
