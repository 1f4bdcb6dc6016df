import { requireInteger } from "../arguments.ts";
import { get16, get32, put16, put32 } from "./bytes.ts";
import { View } from "./view.ts";

const MAX = 0xffff;
const MAX32 = 0xffff_ffff;

/** What messages of ICMP and ICMPv6 have in common: the first eight bytes. */
export abstract class IcmpView extends View {
  /** What it is, see `icmpType` and `icmpv6Type`. */
  get type(): number {
    return this.bytes[this.start];
  }

  /** Changes it in place. */
  set type(type: number) {
    this.bytes[this.start] = requireInteger(type, "type", 0, 0xff);
  }

  /** What it is more exactly. */
  get code(): number {
    return this.bytes[this.start + 1];
  }

  /** Changes it in place. */
  set code(code: number) {
    this.bytes[this.start + 1] = requireInteger(code, "code", 0, 0xff);
  }

  /** The checksum, as it is there. */
  get checksum(): number {
    return get16(this.bytes, this.start + 2);
  }

  /** Changes it in place. */
  set checksum(checksum: number) {
    put16(this.bytes, this.start + 2, requireInteger(checksum, "checksum", 0, MAX));
  }

  /** The four bytes after the checksum, whose meaning the type decides. */
  get rest(): number {
    return get32(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set rest(rest: number) {
    put32(this.bytes, this.start + 4, requireInteger(rest, "rest", 0, MAX32));
  }

  /** Of an echo or a timestamp: who asks. */
  get id(): number {
    return get16(this.bytes, this.start + 4);
  }

  /** Changes it in place. */
  set id(id: number) {
    put16(this.bytes, this.start + 4, requireInteger(id, "id", 0, MAX));
  }

  /** Of an echo or a timestamp: which of the questions it is. */
  get sequence(): number {
    return get16(this.bytes, this.start + 6);
  }

  /** Changes it in place. */
  set sequence(sequence: number) {
    put16(this.bytes, this.start + 6, requireInteger(sequence, "sequence", 0, MAX));
  }
}
