import { addressAfter, addressOf } from "@posixly/sys";
import * as c from "./libc.ts";
import { type CommandTable, optionsOf } from "./option.ts";
import { type Encoder, flag, integer } from "./option_kind.ts";

/**
 * Options of sockets of any family, socket(7), that can be set only.
 *
 * @example Spread datagrams over four sockets at random
 * ```ts
 * import { type SocketCommands, setOptions, socket } from "@posixly/socket";
 *
 * // ld rand; mod #4; ret a
 * const random = new Uint16Array([0x20, 0, 0xf038, 0xffff, 0x94, 0, 4, 0, 0x16, 0, 0, 0]);
 * const spread: Partial<SocketCommands> = { reusePortFilter: new Uint8Array(random.buffer) };
 * using udp = socket("ipv4", "datagram");
 * setOptions(udp, { reusePort: true, ...spread });
 * ```
 */
export interface SocketCommands {
  /** As `sendBuffer`, whatever `wmem_max` is; `CAP_NET_ADMIN`: `SO_SNDBUFFORCE`. */
  readonly forceSendBuffer: number;
  /** As `receiveBuffer`, whatever `rmem_max` is; `CAP_NET_ADMIN`: `SO_RCVBUFFORCE`. */
  readonly forceReceiveBuffer: number;
  /**
   * A program of classic BPF that decides how much of each packet comes in, as its
   * instructions of 8 bytes: `SO_ATTACH_FILTER`.
   */
  readonly filter: Uint8Array;
  /** Takes the filter off, whatever the value: `SO_DETACH_FILTER`. */
  readonly detachFilter: boolean;
  /**
   * The same for a program that chooses which socket of a `reusePort` group gets a packet, by its
   * number in the order of `bind`: `SO_ATTACH_REUSEPORT_CBPF`.
   */
  readonly reusePortFilter: Uint8Array;
  /** Takes that off: `SO_DETACH_REUSEPORT_BPF`. Since Linux 5.3. */
  readonly detachReusePortFilter: boolean;
  /** Packets to take in one go of `busyPoll`: `SO_BUSY_POLL_BUDGET`. Since Linux 5.11. */
  readonly busyPollBudget: number;
}

/** A program of classic BPF, behind the struct that says where it is: one buffer stays alive. */
const program: Encoder<Uint8Array> = {
  encode(value, name) {
    const count = value instanceof Uint8Array ? value.length / c.sockFilter.size : NaN;
    if (!Number.isInteger(count) || count > BPF_MAXINSNS) {
      throw new TypeError(`${name} must be a Uint8Array of whole instructions, 8 bytes each`);
    }
    const { size } = c.sockFprog;
    const bytes = new Uint8Array(size + value.length);
    bytes.set(value, size);
    const filter = addressAfter(addressOf(bytes), size);
    bytes.set(c.sockFprog.encode({ len: count, filter }));
    return bytes.subarray(0, size);
  },
};

/** More instructions than this no program has. */
const BPF_MAXINSNS = 4096;

const option = optionsOf(c.SOL_SOCKET);

export const socketCommands: CommandTable<SocketCommands> = {
  forceSendBuffer: option(c.SO_SNDBUFFORCE, integer()),
  forceReceiveBuffer: option(c.SO_RCVBUFFORCE, integer()),
  filter: option(c.SO_ATTACH_FILTER, program),
  detachFilter: option(c.SO_DETACH_FILTER, flag),
  reusePortFilter: option(c.SO_ATTACH_REUSEPORT_CBPF, program),
  detachReusePortFilter: option(c.SO_DETACH_REUSEPORT_BPF, flag, "5.3"),
  busyPollBudget: option(c.SO_BUSY_POLL_BUDGET, integer(0, 0xffff), "5.11"),
};
