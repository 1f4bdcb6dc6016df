/**
 * Files over HTTP that never pass through JavaScript: a server of static files, and `sendFile` for
 * the servers that there are.
 *
 * @module
 */
export {};
