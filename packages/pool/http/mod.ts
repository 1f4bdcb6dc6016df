/**
 * An agent for `node:http` that keeps its connections in a pool.
 *
 * @module
 */
export {};
