/**
 * An agent for `node:http` that keeps its connections in a pool.
 *
 * @module
 */
export { PooledAgent } from "./agent.ts";
export { type PooledAgentOptions } from "./agent_options.ts";
