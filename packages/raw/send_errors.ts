import { errno } from "@posixly/sys";

/** What ICMP may say, by the tables of the kernel. */
export const aboutTheNetwork: ReadonlySet<number> = new Set([
  errno.EHOSTUNREACH,
  errno.ENETUNREACH,
  errno.ECONNREFUSED,
  errno.EMSGSIZE,
  errno.EPROTO,
  errno.EACCES,
  errno.ENOPROTOOPT,
  errno.EOPNOTSUPP,
  errno.EHOSTDOWN,
  errno.ENONET,
  errno.EREMOTEIO,
]);

/** What this machine may say of one packet that would not be true of another one. */
export const aboutThePacket: ReadonlySet<number> = new Set([
  errno.EPERM,
  errno.EADDRNOTAVAIL,
  errno.ENETDOWN,
  errno.EINVAL,
]);
