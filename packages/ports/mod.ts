/**
 * Ports: which one there is, why there is none left, and who holds it.
 *
 * @example Which port did I get, and what does the kernel know of it?
 * ```ts
 * import { findConnection, localPort } from "@posixly/ports";
 * import { bind, connect, listen, localAddress, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "stream");
 * bind(server, "127.0.0.1:0");
 * listen(server);
 *
 * using client = socket("ipv4", "stream");
 * connect(client, localAddress(server));
 * const port = localPort(client)!; // getsockname(fd, …)
 *
 * const entry = findConnection(localAddress(client), localAddress(server))!;
 * assert.equal(entry.state, "established");
 * assert.equal(entry.localPort, port);
 * ```
 *
 * @module
 */
export { type ChosenPort, type Classified, classify, type Observations } from "./classify.ts";
export { freePort } from "./free_port.ts";
export { type Chooser, observe } from "./observe.ts";
export {
  type Allocation,
  type AllocatorOptions,
  type PortAllocator,
  portAllocator,
} from "./port_allocator.ts";
export { type Random, seededRandom } from "./random.ts";
export { PortReservation } from "./reservation.ts";
export { type ReserveOptions, reservePort, reservePorts } from "./reserve.ts";
export { simulate, type Simulation, type SimulationOptions } from "./simulate.ts";
export { type Flow, type Strategy } from "./strategy.ts";
export { waitForPort, type WaitForPortOptions } from "./wait_for_port.ts";
export { bindShared } from "./bind_shared.ts";
export { closeByReset } from "./close_by_reset.ts";
export { connectFrom } from "./connect_from.ts";
export { type Cure, type Exhaustion } from "./cures.ts";
export { busiestDestinations, type Destination } from "./destinations.ts";
export { exhaustionOf } from "./exhaustion.ts";
export { type Forecast, forecast, type Load } from "./forecast.ts";
export { PortExhaustedError } from "./port_exhausted.ts";
export { type PortUsage, portUsage, type UsageOptions } from "./usage.ts";
export { bindLate } from "./bind_late.ts";
export { explainPorts, type Explanation } from "./explain.ts";
export { type Filter } from "./filter.ts";
export { parseFilter } from "./filter_text.ts";
export { localPort } from "./local_port.ts";
export { type PortDefaults, portDefaults } from "./other_systems.ts";
export { type SocketOwner } from "./owners.ts";
export { type PortSettings, portSettings } from "./port_settings.ts";
export { countPorts, portRange, preferredFor, reservedPorts } from "./range.ts";
export { formatPorts, mergePorts, parsePorts } from "./reserved.ts";
export { type ListOptions } from "./search.ts";
export { SocketEntry, type SocketTimer } from "./socket_entry.ts";
export { SocketList } from "./socket_list.ts";
export { sockets } from "./sockets.ts";
export { type SocketState } from "./states.ts";
export { type PortRange } from "@posixly/socket";
export { destroySocket } from "./destroy_socket.ts";
export { findConnection } from "./find_connection.ts";
export { follow, type FollowOptions, type TcpStep } from "./follow.ts";
export {
  type ConnectionState,
  mayReachTimeWait,
  type TcpEvent,
  tcpPath,
  type TcpTransition,
  tcpTransitions,
  transition,
} from "./tcp_machine.ts";
