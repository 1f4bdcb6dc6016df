/**
 * Raw and packet sockets: send packets of one's own making, and see those that come by.
 *
 * @module
 */
export { Capture, capture, type CaptureOptions } from "./capture.ts";
export { type CapturedPacket, withVlanTag } from "./captured_packet.ts";
export { packetSocket } from "./create_packet_socket.ts";
export { rawSocket, type RawSocketAsks, type RawSocketOptions } from "./create_raw_socket.ts";
export { type Fanout, type PacketSocketOptions } from "./packet_options.ts";
export { type PacketMembership, PacketSocket } from "./packet_socket.ts";
export { type PacketStatistics } from "./packet_statistics.ts";
export { type ChecksumState, type TakenVlanTag } from "./packet_status.ts";
export { PingSocket, pingSocket } from "./ping_socket.ts";
export { RawAccessError } from "./raw_access_error.ts";
export { type RawPacket } from "./raw_packet.ts";
export { RawSocket } from "./raw_socket.ts";
export { MappedRing } from "./mapped_ring.ts";
export { ReceiveRing, receiveRing } from "./receive_ring.ts";
export { type ReceiveRingOptions } from "./ring_options.ts";
export { RingPacket } from "./ring_packet.ts";
export { TransmitRing, transmitRing } from "./transmit_ring.ts";
export { type TransmitRingOptions } from "./transmit_ring_options.ts";
export {
  attachedFilter,
  attachFilter,
  type AttachFilterOptions,
  detachFilter,
  lockFilter,
} from "./attach_filter.ts";
export {
  type EchoId,
  type PingEvent,
  type PingRefusal,
  type PingReply,
  type PingTimeout,
  type PingUnknown,
} from "./tools/ping_event.ts";
export { type PingWay } from "./tools/echo_socket.ts";
export { type Refusal } from "./tools/icmp_reason.ts";
export { ping, Pinging } from "./tools/ping.ts";
export { type PingOptions } from "./tools/ping_options.ts";
export { type PingStatistics, type PingSummary } from "./tools/ping_statistics.ts";
export { type RoundTripClock } from "./tools/round_trip.ts";
export {
  compileFilter,
  type CompileFilterOptions,
  ExpressionError,
  type FilterLink,
} from "./compile_filter.ts";
export { type TraceAnswer, type TraceHop, type TraceMethod } from "./tools/trace_hop.ts";
export { traceroute } from "./tools/traceroute.ts";
export { type TracerouteOptions } from "./tools/traceroute_options.ts";
export { probe, type ProbedPort, type ProbedState } from "./tools/probe.ts";
export { type ProbeOptions } from "./tools/probe_options.ts";
export { sniff, Sniffer } from "./tools/sniff.ts";
export { type SniffOptions } from "./tools/sniff_options.ts";
export { type SniffedPacket } from "./tools/sniffed_packet.ts";
