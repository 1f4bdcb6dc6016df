import type { AsFd } from "@posixly/fd";
import type { AddressLike } from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import {
  inetDiagMsg,
  inetDiagReqV2,
  inetDiagSockid,
  IPPROTO_TCP,
  nlmsghdr,
  SOCK_DIAG_BY_FAMILY,
} from "./libc.ts";
import { type Ends, endsOf } from "./identity.ts";
import { answerTo, ask, diagSocket } from "./netlink.ts";
import { identityOf, SocketEntry } from "./socket_entry.ts";
import { isRefusal } from "./socket_table.ts";
import { sockets } from "./sockets.ts";
import { ALL_STATES } from "./states.ts";

/**
 * The end of a connection over TCP that has this address and this peer, whosever it is, and be it in
 * TIME_WAIT: one question to the kernel, which does not go through all others as
 * {@linkcode sockets} does.
 *
 * @param local The address of the end that is meant
 * @param remote The address of the other one
 * @returns The socket; `null` if there is no such connection
 * @throws {SyscallError} `EMFILE` or `ENFILE` if too many descriptors are open
 * @throws {TypeError} If these are no addresses of IPv4, or of IPv6
 *
 * @example What has become of it
 * ```ts
 * import { findConnection } from "@posixly/ports";
 * import { connectTcp, listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const client = await connectTcp(listener.localAddress);
 * using server = await listener.accept();
 * const { localAddress, remoteAddress } = client;
 * client.close(); // the first to close …
 * server.close();
 * assert.equal(findConnection(localAddress, remoteAddress!)!.state, "timeWait"); // … has to wait
 * assert.equal(findConnection(remoteAddress!, localAddress), null);
 * ```
 */
export function findConnection(local: AddressLike, remote: AddressLike): SocketEntry | null {
  const ends = endsOf(local, remote);
  try {
    using diag = diagSocket();
    return lookUp(diag, ends);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return among(sockets({ protocol: "tcp", source: "proc" }), ends);
  }
}

/** The same by hand, where netlink may not be asked. */
function among(all: Iterable<SocketEntry>, { id }: Ends): SocketEntry | null {
  const known = id.subarray(0, inetDiagSockid.offsets.idiag_if);
  for (const entry of all) {
    const identity = identityOf(entry);
    if (known.every((byte, i) => byte === identity[i])) return entry;
  }
  return null;
}

/** Where an answer has the port of the peer. */
const PEER = nlmsghdr.size + inetDiagMsg.offsets.id + inetDiagSockid.offsets.idiag_dport;

/** Asks for the one connection. */
function lookUp(diag: AsFd, { family, id }: Ends): SocketEntry | null {
  const request = inetDiagReqV2.encode({
    sdiag_family: family,
    sdiag_protocol: IPPROTO_TCP,
    idiag_states: ALL_STATES,
  });
  request.set(id, inetDiagReqV2.offsets.id);
  try {
    const { bytes } = answerTo(diag, ask(diag, SOCK_DIAG_BY_FAMILY, 0, request));
    const data = new DataView(bytes.buffer);
    const told = { bytes, data, isNetlink: true, owners: undefined };
    // Where there is no connection the kernel takes who listens for it.
    return data.getUint16(PEER) === 0 ? null : new SocketEntry(told, 0, "tcp");
  } catch (error) {
    if ((error as SyscallError).code === "ENOENT") return null;
    throw error;
  }
}
