import { watch } from "@posixly/mux";
import { setOptions, type Socket } from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import {
  inetDiagMsg,
  inetDiagSockid,
  nlmsghdr,
  SKNLGRP_INET6_TCP_DESTROY,
  SKNLGRP_INET_TCP_DESTROY,
} from "./libc.ts";
import { diagSocket, hearAny } from "./netlink.ts";

/** Where a message has the cookie of the socket that is gone. */
const COOKIE = nlmsghdr.size + inetDiagMsg.offsets.id + inetDiagSockid.offsets.idiag_cookie;

/**
 * Calls back when the kernel lets go of the socket with this cookie, whosever it was: it is closed,
 * or what is left of it waits in TIME_WAIT. The kernel tells those who listen to a group of
 * sock_diag(7), since Linux 4.3.
 *
 * @returns Ends it; `undefined` if this cannot be heard here
 */
export function whenDestroyed(cookie: bigint, callback: () => void): Disposable | undefined {
  let diag: Socket | undefined;
  try {
    diag = diagSocket();
    setOptions(diag, { netlinkJoin: SKNLGRP_INET_TCP_DESTROY });
    setOptions(diag, { netlinkJoin: SKNLGRP_INET6_TCP_DESTROY });
  } catch (error) {
    diag?.close();
    if ((error as SyscallError).syscall === undefined) throw error;
    return undefined;
  }
  const group = diag;
  watch(group, { readable: true }, () => {
    if (hasGone(group, cookie)) callback();
  });
  return group;
}

/** Hears what there is; whether the socket is meant, or may be, since something was lost. */
function hasGone(group: Socket, cookie: bigint): boolean {
  let isMeant = false;
  try {
    for (;;) {
      const message = hearAny(group);
      if (message === null) return isMeant;
      isMeant ||= message.getBigUint64(COOKIE, true) === cookie;
    }
  } catch (error) {
    if ((error as SyscallError).code === "ENOBUFS") return true;
    throw error;
  }
}
