/**
 * Ports: which one there is, why there is none left, and who holds it.
 *
 * @module
 */
export {};
