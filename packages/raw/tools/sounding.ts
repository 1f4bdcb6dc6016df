import type { ExactTime } from "@posixly/fd";
import type {
  AddressLike,
  Control,
  QueuedError,
  SettableOptions,
  Socket,
  SocketAddress,
  Timestamping,
} from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { attachFilter } from "../attach_filter.ts";
import { assemble } from "../bpf/assemble.ts";
import { aboutTheNetwork } from "../send_errors.ts";
import type { Departure } from "./round_trip.ts";

/** A packet to be sent. */
export interface Outgoing {
  readonly bytes: Uint8Array;
  readonly to?: AddressLike;
  readonly control?: Control;
  /** Where its times are noted. */
  readonly departure: Departure;
}

/** What came in; its bytes are there for the moment only. */
export interface Incoming {
  readonly bytes: Uint8Array;
  readonly from: SocketAddress | null;
  readonly ttl: number | undefined;
  readonly arrived: ExactTime | undefined;
}

/** Who is told what comes in. */
export interface Listening {
  answered(packet: Incoming): void;
  /** The network, or this machine, says that a packet did not arrive. */
  refused(error: QueuedError, arrived: ExactTime | undefined): void;
}

/** The options of a socket for {@linkcode Sounder}: times, and errors with who says them. */
export function soundingOptions(family: "ipv4" | "ipv6"): Partial<SettableOptions> {
  return {
    timestamping: STAMPS,
    ...family === "ipv4"
      ? { ipReceiveError: true, ipReceiveTtl: true }
      : { ipv6ReceiveError: true, ipv6ReceiveHopLimit: true },
  };
}

/**
 * Has only what passes a filter come to a socket. What the network says meanwhile about packets, of
 * others perhaps, fails the call that empties the socket's queue; the queue of errors has it, too.
 */
export function attachSoundingFilter(socket: Socket, text: string): void {
  for (const filter = assemble(text);;) {
    try {
      return attachFilter(socket, filter);
    } catch (error) {
      if (!aboutTheNetwork.has((error as SyscallError).errno)) throw error;
    }
  }
}

/**
 * `SO_TIMESTAMPNS` would make up a time for what came while the kernel did not yet take any;
 * this leaves it out.
 */
export const STAMPS: Timestamping = {
  sendSoftware: true,
  receiveSoftware: true,
  software: true,
  id: true,
  withoutData: true,
};
