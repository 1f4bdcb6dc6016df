import type { AsFd } from "@posixly/fd";
import type { SyscallError } from "@posixly/sys";
import { encodeAttribute } from "./attribute.ts";
import {
  AF_INET,
  AF_INET6,
  AF_UNSPEC,
  INET_DIAG_REQ_BYTECODE,
  inetDiagReq,
  inetDiagReqV2,
  SOCK_DIAG_BY_FAMILY,
  TCPDIAG_GETSOCK,
} from "./libc.ts";
import { type Answer, diagSocket, list } from "./netlink.ts";
import { readProc } from "./proc_net.ts";
import { protocols, type Search, type Table } from "./search.ts";

/** What was told of one table, and by whom. */
export interface Telling extends Answer, Table {
  readonly isNetlink: boolean;
}

/** Why netlink does not answer: there is none, it is forbidden, or knows no such sockets. */
const refusals = [
  "EAFNOSUPPORT",
  "EPROTONOSUPPORT",
  "EACCES",
  "EPERM",
  "ENOENT",
  "EOPNOTSUPP",
  "ENOSYS",
];

/** Asks for each table: by netlink if that may be, else in `/proc`. */
export function tell(search: Search): Telling[] {
  if (search.source === "proc") return search.tables.flatMap((table) => byProc(table, search));
  try {
    using diag = diagSocket();
    return search.tables.flatMap((table) => eitherWay(diag, table, search));
  } catch (error) {
    if (!mayFallBack(error, search)) throw error;
    return search.tables.flatMap((table) => byProc(table, search));
  }
}

function eitherWay(diag: AsFd, table: Table, search: Search): Telling | Telling[] {
  try {
    return byNetlink(diag, table, search);
  } catch (error) {
    if (!mayFallBack(error, search)) throw error;
    return byProc(table, search);
  }
}

function mayFallBack(error: unknown, { source }: Search): boolean {
  return source === undefined && isRefusal(error);
}

/** Whether netlink may not be asked here. */
export function isRefusal(error: unknown): boolean {
  return refusals.includes((error as SyscallError).code);
}

function byProc(table: Table, { states }: Search): Telling[] {
  const families = table.family === AF_UNSPEC ? [AF_INET, AF_INET6] : [table.family];
  return families.map((family) => (
    { ...table, ...readProc(table.protocol, family, states), isNetlink: false }
  ));
}

function byNetlink(diag: AsFd, table: Table, search: Search): Telling {
  const request = requestFor(table, search);
  const type = table.family === AF_UNSPEC ? TCPDIAG_GETSOCK : SOCK_DIAG_BY_FAMILY;
  return { ...table, ...list(diag, type, request), isNetlink: true };
}

function requestFor({ protocol, family }: Table, search: Search): Uint8Array {
  const wanted = { idiag_ext: search.extensions, idiag_states: search.states };
  const head = family === AF_UNSPEC ? inetDiagReq.encode(wanted) : inetDiagReqV2.encode({
    ...wanted,
    sdiag_family: family,
    sdiag_protocol: protocols[protocol],
  });
  if (search.code.length === 0) return head;
  const filter = encodeAttribute(INET_DIAG_REQ_BYTECODE, search.code);
  const request = new Uint8Array(head.length + filter.length);
  request.set(head);
  request.set(filter, head.length);
  return request;
}
