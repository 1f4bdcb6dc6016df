import { MAC_A, MAC_B } from "./network_fixture.ts";

/** A type of Ethernet for experiments. */
export const EXPERIMENTAL = 0x88b5;

/** A frame from one end of the cable to the other, with a number and so many bytes of it. */
export function frameOf(number: number, length = 60, type = EXPERIMENTAL): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(length).fill(number);
  frame.set(MAC_B);
  frame.set(MAC_A, 6);
  frame.set([type >> 8, type & 0xff, number >> 8, number], 12);
  return frame;
}

/** The number of such a frame. */
export function numberOf(bytes: Uint8Array, start = 0): number {
  return bytes[start + 14] << 8 | bytes[start + 15];
}

/** A whole frame of UDP over IPv4, without checksums but that of the header. */
export function udpFrame(sourcePort: number, fragment = 0): Uint8Array<ArrayBuffer> {
  const frame = frameOf(0, 60, 0x800);
  const header = [0x45, 0, 0, 46, 0, 1, fragment >> 8, fragment & 0xff, 64, 17, 0, 0, 10, 0, 0, 1];
  frame.set([...header, 10, 0, 0, 2, sourcePort >> 8, sourcePort & 0xff, 0, 9, 0, 26, 0, 0], 14);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += frame[i] << 8 | frame[i + 1];
  sum = (sum & 0xffff) + (sum >>> 16);
  frame.set([~sum >> 8 & 0xff, ~sum & 0xff], 24);
  return frame;
}
