import { formatAddress } from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { AF_INET, AF_INET6, inetDiagReqV2, NLM_F_ACK, SOCK_DESTROY } from "./libc.ts";
import { answerTo, ask, diagSocket } from "./netlink.ts";
import { protocols } from "./search.ts";
import { identityOf, type SocketEntry } from "./socket_entry.ts";

/**
 * Ends a socket from outside, whosever it is, `SOCK_DESTROY` as `ss --kill`: a connection is reset,
 * and its program is told `ECONNABORTED`; a listener stops to listen; one in TIME_WAIT is gone, and
 * its port is free. It is this socket or none: another that has the same addresses by now is left
 * alone, if netlink told of it ({@linkcode SocketEntry.cookie}).
 *
 * It takes `CAP_NET_ADMIN` in the network namespace, and a kernel with `CONFIG_INET_DIAG_DESTROY`.
 *
 * @param entry Which, of {@linkcode sockets} or {@linkcode findConnection}
 * @returns `false` if it was gone already, or cannot be found by its addresses, as one that is
 * merely bound
 * @throws {SyscallError} `EPERM` without `CAP_NET_ADMIN`, `EOPNOTSUPP` if this kernel does not have
 * that; `EAFNOSUPPORT`, `EPROTONOSUPPORT` or `EACCES` if netlink may not be asked here
 *
 * @example Usage
 * ```ts
 * import { destroySocket, sockets } from "@posixly/ports";
 * import { listenTcp } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using listener = listenTcp("127.0.0.1:0");
 * const { port } = listener.localAddress as { port: number };
 * const [entry] = sockets({ states: ["listening"], filter: `sport = ${port}` });
 * try {
 *   assert.ok(destroySocket(entry));
 *   assert.ok(!destroySocket(entry)); // once is enough
 * } catch (error) {
 *   assert.ok(["EPERM", "EOPNOTSUPP"].includes((error as { code: string }).code));
 * }
 * ```
 */
export function destroySocket(entry: SocketEntry): boolean {
  const request = inetDiagReqV2.encode({
    sdiag_family: entry.family === "ipv4" ? AF_INET : AF_INET6,
    sdiag_protocol: protocols[entry.protocol],
  });
  request.set(identityOf(entry), inetDiagReqV2.offsets.id);
  using diag = diagSocket();
  try {
    const context = { address: formatAddress(entry.local), capability: "CAP_NET_ADMIN" };
    answerTo(diag, ask(diag, SOCK_DESTROY, NLM_F_ACK, request), context);
    return true;
  } catch (error) {
    const { code } = error as SyscallError;
    if (code === "ENOENT" || code === "ESTALE") return false;
    throw error;
  }
}
