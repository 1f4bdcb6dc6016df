/**
 * Bytes that go from one descriptor to another without passing through JavaScript.
 *
 * @module
 */
export {};
