import { ipProtocol } from "./numbers.ts";

/** The least that a frame of Ethernet carries; what is longer has no padding. */
const LEAST_PAYLOAD = 46;

/**
 * Whether a packet with a length field of 0 may be one of this host's own that the network card
 * cuts up (TCP segmentation offload). Every other one is not what it should be, and what a frame
 * has behind it is padding, not payload. `length` is that of all the bytes there are.
 */
export function mayBeUncut(protocol: number, length: number): boolean {
  return protocol === ipProtocol.tcp && length > LEAST_PAYLOAD;
}
