import { requireInteger } from "../arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import { checksum } from "./checksum.ts";
import { WireError } from "./error.ts";
import type { IpPacket } from "./ip.ts";
import { ipProtocol } from "./numbers.ts";
import { ACK, FIN, flagBits, flagsOf, PSH, RST, SYN, type TcpFlags, URG } from "./tcp_flags.ts";
import type { TcpLayer } from "./tcp_layer.ts";
import { readTcpOptions, type TcpOption } from "./tcp_options.ts";
import { requireHeader, View } from "./view.ts";

const SIZE = 20;
const MAX = 0xffff;
const MAX32 = 0xffff_ffff;

/**
 * A TCP segment.
 *
 * @example Usage
 * ```ts
 * import { packet, tcp, TcpSegment } from "@posixly/raw/wire";
 * import assert from "node:assert/strict";
 *
 * const bytes = packet(
 *   tcp({ sourcePort: 40000, destinationPort: 80, sequence: 1, flags: { psh: true, ack: true } }),
 *   new TextEncoder().encode("GET / HTTP/1.0\r\n\r\n"),
 * );
 * const segment = TcpSegment.parse(bytes);
 * assert.ok(segment.ack && !segment.syn);
 * assert.equal(segment.payloadLength, 18);
 * ```
 */
export class TcpSegment extends View {
  /** Always `tcp`. */
  get layer(): "tcp" {
    return "tcp";
  }

  /**
   * Reads a segment, and checks it.
   *
   * @param bytes What holds it
   * @param start Where it begins
   * @param end Where it ends, with the payload of the IP packet
   * @returns A view of the bytes
   * @throws {WireError} If it is none, or its header is not all there
   */
  static parse(bytes: Uint8Array, start: number = 0, end: number = bytes.length): TcpSegment {
    requireHeader("tcp", bytes, start, end, SIZE);
    const size = (bytes[start + 12] >> 4) * 4;
    if (size < SIZE) {
      const fault = `its header length ${size} is less than ${SIZE}`;
      throw new WireError("tcp", start, SIZE, end - start, fault);
    }
    if (start + size > end) throw new WireError("tcp", start, size, end - start);
    return new TcpSegment(bytes, start, start + size, end);
  }

  /** The port it is from. */
  get sourcePort(): number {
    return this.bytes[this.start] << 8 | this.bytes[this.start + 1];
  }

  /** Changes it in place. */
  set sourcePort(port: number) {
    put16(this.bytes, this.start, requireInteger(port, "sourcePort", 0, MAX));
  }

  /** The port it is for. */
  get destinationPort(): number {
    return this.bytes[this.start + 2] << 8 | this.bytes[this.start + 3];
  }

  /** Changes it in place. */
  set destinationPort(port: number) {
    put16(this.bytes, this.start + 2, requireInteger(port, "destinationPort", 0, MAX));
  }

  /** The number of its first byte, or of its SYN. */
  get sequence(): number {
    return get32(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set sequence(sequence: number) {
    put32(this.bytes, this.start + 4, requireInteger(sequence, "sequence", 0, MAX32));
  }

  /** The number of the byte that is expected next. */
  get acknowledgment(): number {
    return get32(this.bytes, this.start + 8);
  }

  /** Changes it in place. */
  set acknowledgment(acknowledgment: number) {
    requireInteger(acknowledgment, "acknowledgment", 0, MAX32);
    put32(this.bytes, this.start + 8, acknowledgment);
  }

  /** How long the header is, in bytes: 20, and its options. */
  get headerLength(): number {
    return (this.bytes[this.start + 12] >> 4) * 4;
  }

  /** Three bits that should not be set. */
  get reserved(): number {
    return this.bytes[this.start + 12] >> 1 & 7;
  }

  /** Changes it in place. */
  set reserved(reserved: number) {
    const others = this.bytes[this.start + 12] & 0xf1;
    this.bytes[this.start + 12] = others | requireInteger(reserved, "reserved", 0, 7) << 1;
  }

  /** All flags, those that are set. */
  get flags(): TcpFlags {
    return flagsOf(this.flagBits);
  }

  /** Changes it in place. */
  set flags(flags: TcpFlags) {
    const others = get16(this.bytes, this.start + 12) & 0xfe00;
    put16(this.bytes, this.start + 12, others | flagBits(flags));
  }

  /** All flags as a number: 1 is FIN, 2 SYN, 4 RST, 8 PSH, 16 ACK, and so on. */
  get flagBits(): number {
    return (this.bytes[this.start + 12] & 1) << 8 | this.bytes[this.start + 13];
  }

  /** Whether no more data will come. */
  get fin(): boolean {
    return (this.bytes[this.start + 13] & FIN) !== 0;
  }

  /** Whether a connection begins. */
  get syn(): boolean {
    return (this.bytes[this.start + 13] & SYN) !== 0;
  }

  /** Whether there is no such connection, or no more. */
  get rst(): boolean {
    return (this.bytes[this.start + 13] & RST) !== 0;
  }

  /** Whether the receiver should hand the data on. */
  get psh(): boolean {
    return (this.bytes[this.start + 13] & PSH) !== 0;
  }

  /** Whether the acknowledgment number counts. */
  get ack(): boolean {
    return (this.bytes[this.start + 13] & ACK) !== 0;
  }

  /** Whether the urgent pointer counts. */
  get urg(): boolean {
    return (this.bytes[this.start + 13] & URG) !== 0;
  }

  /** How many bytes the sender would take, not scaled. */
  get window(): number {
    return get16(this.bytes, this.start + 14);
  }

  /** Changes it in place. */
  set window(window: number) {
    put16(this.bytes, this.start + 14, requireInteger(window, "window", 0, MAX));
  }

  /** The checksum, as it is there. */
  get checksum(): number {
    return get16(this.bytes, this.start + 16);
  }

  /** Changes it in place. */
  set checksum(checksum: number) {
    put16(this.bytes, this.start + 16, requireInteger(checksum, "checksum", 0, MAX));
  }

  /** Where urgent data ends, in bytes from the sequence number. */
  get urgentPointer(): number {
    return get16(this.bytes, this.start + 18);
  }

  /** Changes it in place. */
  set urgentPointer(pointer: number) {
    put16(this.bytes, this.start + 18, requireInteger(pointer, "urgentPointer", 0, MAX));
  }

  /** The options, unknown and broken ones included. */
  get options(): TcpOption[] {
    return readTcpOptions(this.bytes, this.start + SIZE, this.payloadStart);
  }

  /**
   * Whether the checksum is right.
   *
   * @param ip The packet it is in, which has the addresses of the pseudo header
   * @returns Whether it is
   */
  verifyChecksum(ip: IpPacket): boolean {
    return this.#sum(ip) === 0;
  }

  /**
   * Writes the right checksum, after fields or the payload were changed.
   *
   * @param ip The packet it is in
   */
  updateChecksum(ip: IpPacket): void {
    put16(this.bytes, this.start + 16, 0);
    put16(this.bytes, this.start + 16, this.#sum(ip));
  }

  #sum(ip: IpPacket): number {
    const { bytes, start, payloadEnd } = this;
    const initial = ip.pseudoHeader(ipProtocol.tcp, payloadEnd - start);
    return checksum(bytes, start, payloadEnd, initial);
  }

  override values(): Required<TcpLayer> {
    const { sourcePort, destinationPort, sequence, acknowledgment, flags, reserved } = this;
    const { window, checksum, urgentPointer, options } = this;
    return {
      layer: "tcp",
      sourcePort,
      destinationPort,
      sequence,
      acknowledgment,
      flags,
      reserved,
      window,
      checksum,
      urgentPointer,
      options,
    };
  }
}
