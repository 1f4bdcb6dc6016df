import type { OwnedFd } from "@posixly/fd";
import { type Bytes, requireBytes, requireInteger } from "@posixly/sys";
import type { AddressLike, SocketAddress } from "./address.ts";
import type { BatchMessage } from "./batch_message.ts";
import { encodeControl, type Said, saidIn } from "./control.ts";
import type { ReceivedControl } from "./control_data.ts";
import type { Credentials } from "./credentials.ts";
import { viewOf } from "./descriptors.ts";
import { MSG_CTRUNC, MSG_EOR, MSG_TRUNC } from "./libc.ts";
import { requireControl } from "./message.ts";
import { noDescriptors, type OwnedDescriptors } from "./owned_descriptors.ts";
import { decodeAddress, writeAddress } from "./sockaddr.ts";

/**
 * The place of one message in a batch. What was received is understood when somebody asks, and
 * remembered until the next message comes.
 */
export class Slot implements BatchMessage {
  readonly buffer: Uint8Array<ArrayBuffer>;
  readonly #name: Uint8Array;
  readonly #room: Uint8Array;
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  #address: SocketAddress | undefined;
  #said: Said | undefined;

  /** How many bytes of the name, and of the room for control messages, are in use. */
  nameLength = 0;
  controlLength = 0;
  /** Whether the control messages are ours, and not what was received. */
  isToTell = false;
  flags = 0;
  sent = 0;
  owned: OwnedDescriptors = noDescriptors;

  constructor(buffer: Uint8Array<ArrayBuffer>, name: Uint8Array, room: Uint8Array) {
    this.buffer = this.#bytes = buffer;
    this.#name = name;
    this.#room = room;
  }

  /** Takes note of what the kernel has written. */
  receive(length: number, flags: number, nameLength: number, controlLength: number): void {
    this.#length = length;
    this.flags = flags;
    this.nameLength = nameLength;
    this.controlLength = controlLength;
    this.#address = undefined;
    this.#said = undefined;
    this.isToTell = false;
    this.sent = 0;
    this.owned = noDescriptors;
  }

  /** Is as good as new, but for the bytes. */
  clear(): void {
    this.receive(0, 0, 0, 0);
  }

  put(bytes: Bytes): void {
    requireBytes(bytes, "bytes");
    if (bytes.byteLength > this.buffer.length) {
      throw new RangeError(
        `the batch has room for ${this.buffer.length} bytes a message, not ${bytes.byteLength}`,
      );
    }
    this.buffer.set(bytes instanceof Uint8Array ? bytes : viewOf(bytes));
    this.#length = bytes.byteLength;
  }

  /** How many bytes there are here, which may be less than the message had. */
  get filled(): number {
    return Math.min(this.#length, this.buffer.length);
  }

  get length(): number {
    return this.#length;
  }

  set length(length: number) {
    this.#length = requireInteger(length, "length", 0, this.buffer.length);
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    const { filled } = this;
    if (this.#bytes.length !== filled) this.#bytes = this.buffer.subarray(0, filled);
    return this.#bytes;
  }

  get address(): SocketAddress | null {
    if (this.nameLength === 0) return null;
    return this.#address ??= decodeAddress(this.#name, this.nameLength);
  }

  set address(address: SocketAddress | null) {
    if (address === null) this.nameLength = 0;
    else this.sendTo(address);
  }

  sendTo(address: AddressLike): void {
    this.nameLength = writeAddress(address, this.#name);
    this.#address = undefined;
  }

  get control(): ReceivedControl {
    return this.#all.control;
  }

  set control(control: ReceivedControl) {
    requireControl(control);
    const bytes = encodeControl(control);
    if (bytes.length > this.#room.length) {
      throw new RangeError(
        `the batch has room for ${this.#room.length} bytes of control, not ${bytes.length}`,
      );
    }
    this.#room.set(bytes);
    this.controlLength = bytes.length;
    this.isToTell = true;
    this.#said = undefined;
  }

  get #all(): Said {
    return this.#said ??= saidIn(this.said);
  }

  /** The control messages, as they lie there. */
  get said(): Uint8Array {
    return this.#room.subarray(0, this.controlLength);
  }

  get credentials(): Credentials | undefined {
    return this.#all.credentials;
  }

  get security(): string | undefined {
    return this.#all.security;
  }

  get descriptors(): readonly OwnedFd[] {
    return this.owned.descriptors;
  }

  get surplus(): number {
    return this.owned.surplus;
  }

  get pidfd(): OwnedFd | undefined {
    return this.owned.pidfd;
  }

  get truncated(): boolean {
    return (this.flags & MSG_TRUNC) !== 0;
  }

  get controlTruncated(): boolean {
    return (this.flags & MSG_CTRUNC) !== 0;
  }

  get endOfRecord(): boolean {
    return (this.flags & MSG_EOR) !== 0;
  }
}
