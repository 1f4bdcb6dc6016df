import type { TcpSegment } from "./tcp.ts";
import { ACK, AE, CWR, ECE, FIN, PSH, RST, SYN, URG } from "./tcp_flags.ts";
import type { TcpOption } from "./tcp_options.ts";

const letters: readonly (readonly [flag: number, letter: string])[] = [
  [FIN, "F"],
  [SYN, "S"],
  [RST, "R"],
  [PSH, "P"],
  [ACK, "."],
  [URG, "U"],
  [ECE, "E"],
  [CWR, "W"],
  [AE, "e"],
];

/** What comes after the addresses. */
export function tcpText(tcp: TcpSegment, length: number): string {
  const { flagBits, sequence, acknowledgment, window, urgentPointer } = tcp;
  const flags = letters.map(([flag, letter]) => flagBits & flag ? letter : "").join("");
  let text = `Flags [${flags || "none"}]`;
  if (length > 0 || flagBits & (SYN | FIN | RST)) text += `, seq ${sequence}`;
  if (length > 0) text += `:${(sequence + length) % 2 ** 32}`;
  if (flagBits & ACK) text += `, ack ${acknowledgment}`;
  text += `, win ${window}`;
  if (flagBits & URG) text += `, urg ${urgentPointer}`;
  const { options } = tcp;
  if (options.length > 0) text += `, options [${options.map(optionText).join(",")}]`;
  return `${text}, length ${length}`;
}

function optionText(option: TcpOption): string {
  switch (option.kind) {
    case "end":
      return "eol";
    case "nop":
      return "nop";
    case "malformed":
      return "[bad opt]";
    case "mss":
      return `mss ${option.size}`;
    case "windowScale":
      return `wscale ${option.shift}`;
    case "sackPermitted":
      return "sackOK";
    case "sack": {
      const { blocks } = option;
      return `sack ${blocks.length} ${blocks.map(({ from, to }) => `{${from}:${to}}`).join("")}`;
    }
    case "timestamps":
      return `TS val ${option.value} ecr ${option.echo}`;
    case "userTimeout":
      return `uto ${option.timeout} ${option.unit}`;
    case "fastOpen":
      return option.cookie.length > 0 ? `tfo cookie ${hex(option.cookie)}` : "tfo cookiereq";
    case "md5":
      return `md5 ${hex(option.digest)}`;
    case "mptcp":
      return `mptcp ${hex(option.bytes)}`;
  }
  return `unknown-${option.kind} 0x${hex(option.bytes)}`;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
