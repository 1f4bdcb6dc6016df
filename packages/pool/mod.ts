/**
 * A pool of anything that is dear to make and good for more than one use.
 *
 * @module
 */
export {};
