/**
 * Sockets: every family, option and message of the kernel.
 *
 * @module
 */
export { Acceptor } from "./acceptor.ts";
export { accept, type Accepted, acceptSocket } from "./accept.ts";
export {
  type AddressLike,
  type CanAddress,
  type Ipv4Address,
  type Ipv6Address,
  type NetlinkAddress,
  type OtherAddress,
  type PacketAddress,
  type PacketType,
  type SocketAddress,
  type UnixAddress,
  type VsockAddress,
} from "./address.ts";
export { adopt } from "./adopt.ts";
export { MessageBatch, type MessageBatchOptions } from "./batch.ts";
export { type BatchMessage } from "./batch_message.ts";
export { bind } from "./bind.ts";
export { type BufferLimits, bufferLimits, type TuningRange } from "./buffer_limits.ts";
export {
  type BufferSize,
  tuneBuffers,
  type TunedBuffer,
  type TunedBuffers,
  type TuneOptions,
} from "./buffers.ts";
export { connect, connectionError, disconnect } from "./connect.ts";
export { decodeControl, encodeControl } from "./control.ts";
export { type AncillaryData, type Control, type ReceivedControl } from "./control_data.ts";
export { type ControlMessage } from "./control_message.ts";
export { socket, type SocketOptions } from "./create.ts";
export { type Credentials } from "./credentials.ts";
export {
  type ReceivedDescriptors,
  receiveDescriptors,
  sendDescriptors,
  type SentDescriptors,
} from "./descriptors.ts";
export { type Domain } from "./domain.ts";
export { localAddress, remoteAddress } from "./endpoints.ts";
export { type ErrorOrigin, type ExtendedError } from "./extended_error.ts";
export { formatAddress } from "./format_address.ts";
export { type SocketInfo, socketInfo } from "./info.ts";
export { interfaceIndex, interfaceName, interfaces, type NetworkInterface } from "./interfaces.ts";
export { type IpFacts, type IpOptions, type MtuDiscovery, type PortRange } from "./ip_options.ts";
export { formatIpv4, parseIpv4 } from "./ipv4.ts";
export { formatIpv6, parseIpv6 } from "./ipv6.ts";
export { type Ipv6Options } from "./ipv6_options.ts";
export { listen } from "./listen.ts";
export { atMark } from "./mark.ts";
export { type Message } from "./message.ts";
export { type ReceiveOptions, type SendOptions } from "./message_flags.ts";
export {
  blockSource,
  joinGroup,
  leaveGroup,
  type MembershipOptions,
  setMulticastInterface,
  unblockSource,
} from "./multicast.ts";
export {
  duplicateNodeSocket,
  fromNodeSocket,
  type NodeSocketOptions,
  type TakenOver,
  toNodeServer,
  toNodeSocket,
} from "./node.ts";
export { type NetlinkCommands, type NetlinkFacts, type NetlinkOptions } from "./netlink_options.ts";
export { getOption, type ReadableOptions, setOptions, type SettableOptions } from "./options.ts";
export { type PacketInfo } from "./packet_info.ts";
export { type SocketPair, socketPair, type SocketPairOptions } from "./pair.ts";
export { parseAddress } from "./parse_address.ts";
export { type Peer, peerCredentials, peerPidfd } from "./peer.ts";
export { bandwidthDelayProduct, type MeasuredPath, measurePath, type Path } from "./path.ts";
export { type Protocol } from "./protocol.ts";
export { queuedToRead, queuedToSend } from "./queued.ts";
export { receive } from "./receive.ts";
export { errorQueue, type QueuedError, receiveError } from "./receive_error.ts";
export { type ReceivedFrom, receiveFrom } from "./receive_from.ts";
export {
  type ReceivedMessage,
  receiveMessage,
  type ReceiveMessageOptions,
} from "./receive_message.ts";
export { receiveMessages } from "./receive_messages.ts";
export { send } from "./send.ts";
export { sendMessage } from "./send_message.ts";
export { sendMessages, type SendMessagesOptions } from "./send_messages.ts";
export { type SendTime } from "./send_time.ts";
export { sendTo } from "./send_to.ts";
export { shutdown } from "./shutdown.ts";
export {
  ADDRESS_SIZE,
  decodeAddress,
  encodeAddress,
  sameAddress,
  writeAddress,
} from "./sockaddr.ts";
export { type ConnectionPair, connectionPair } from "./connection_pair.ts";
export { Connection } from "./connection.ts";
export { type ConnectOptions, connectTcp, type HostAndPort } from "./connect_tcp.ts";
export { type Datagram, DatagramSocket } from "./datagram_socket.ts";
export { type InheritedSocket, inheritedSockets } from "./inherited.ts";
export { Listener } from "./listener.ts";
export { type ListenOptions, listenTcp } from "./listen_tcp.ts";
export { connectSeqpacket, listenSeqpacket } from "./seqpacket.ts";
export { SeqpacketConnection } from "./seqpacket_connection.ts";
export { SeqpacketListener } from "./seqpacket_listener.ts";
export { udp, type UdpSocketOptions } from "./udp.ts";
export { connectUnix, listenUnix } from "./unix.ts";
export { type UnixListenOptions } from "./unix_connections.ts";
export { unixDatagram, type UnixDatagramOptions } from "./unix_datagram.ts";
export { Socket } from "./socket.ts";
export { type SocketCommands } from "./socket_commands.ts";
export { type SocketFacts, type SocketMemory } from "./socket_facts.ts";
export { type BufferLock, type SocketLevelOptions } from "./socket_options.ts";
export { getsockopt, setsockopt } from "./sockopt.ts";
export { takenToSend } from "./taken.ts";
export {
  decodeTcpInfo,
  type TcpFeature,
  type TcpInfo,
  tcpInfo,
  type TcpState,
} from "./tcp_info.ts";
export { type TcpFacts, type TcpOptions } from "./tcp_options.ts";
export { type Timestamping } from "./timestamping.ts";
export { type Timestamps } from "./timestamp.ts";
export { type SocketType } from "./type.ts";
export { type UdpOptions } from "./udp_options.ts";
