/**
 * Connections that are kept for the next one who asks for the same host and port.
 *
 * @module
 */
export { connections, isConnectionIntact, watchConnection } from "./connections.ts";
export { type Destination, type Endpoint, endpointKey, type EndpointLike } from "./endpoint.ts";
export { keepAliveOf, restWithin } from "./keep_alive.ts";
export { isNodeSocketIntact, watchNodeSocket } from "./node_socket.ts";
export { nodeSockets, type NodeSocketsOptions, type TlsSettings } from "./node_sockets.ts";
export { TcpPool, type TcpPoolOptions } from "./tcp_pool.ts";
export { type Care, type Transport } from "./transport.ts";
export { watchful } from "./watchful.ts";
