/**
 * Readiness: to learn which descriptors can be read or written without waiting.
 *
 * @module
 */
export {};
