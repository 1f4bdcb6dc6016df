import { type Address, addressAfter, addressOf } from "@posixly/sys";
import { Slot } from "./batch_slot.ts";
import { bringDescriptors, spaceFor } from "./control_message.ts";
import { Headers, Vectors } from "./headers.ts";
import { iovec, mmsghdr, msghdr } from "./libc.ts";
import { adoptDescriptors } from "./owned_descriptors.ts";
import { ADDRESS_SIZE } from "./sockaddr.ts";

const WORD = 4;
const HEADER = mmsghdr.size / WORD;
const VECTOR = iovec.size / WORD;
const NAME_LENGTH = msghdr.offsets.msg_namelen / WORD;
const CONTROL_LENGTH = msghdr.offsets.msg_controllen / WORD;
const FLAGS = msghdr.offsets.msg_flags / WORD;
const LENGTH = mmsghdr.offsets.msg_len / WORD;
const VECTOR_LENGTH = iovec.offsets.iov_len / WORD;

/**
 * The memory of a batch, as the kernel sees it: made once, with every address in its place. A call
 * writes and reads a few words for each message, and makes nothing.
 */
export class BatchMemory {
  readonly slots: readonly Slot[];
  /** How many of the slots hold a message. */
  count = 0;
  readonly #address: Address;
  /** The headers, the vectors and the rooms for control messages, by words. */
  readonly #headers: Uint32Array;
  readonly #vectors: Uint32Array;
  readonly #rooms: Int32Array;
  readonly #size: number;
  readonly #space: number;
  readonly #most: number;

  constructor(messages: number, size: number, most: number, control: number) {
    this.#size = size;
    this.#most = most;
    this.#space = (most === 0 ? 0 : spaceFor(4 * most)) + Math.ceil(control / 8) * 8;
    const { memory, headers, names } = new Headers(messages);
    const vectors = new Vectors(messages);
    const bytes = new Uint8Array(messages * size);
    const rooms = new Uint8Array(messages * this.#space);
    this.slots = headers.map((header, i) => {
      const buffer = bytes.subarray(i * size, (i + 1) * size);
      const room = rooms.subarray(i * this.#space, (i + 1) * this.#space);
      vectors.put(header, [buffer]);
      header.msg_control = addressOf(room);
      return new Slot(buffer, names[i], room);
    });
    this.#address = addressOf(memory);
    this.#headers = new Uint32Array(memory.buffer);
    this.#vectors = new Uint32Array(vectors.memory.buffer);
    this.#rooms = new Int32Array(rooms.buffer);
  }

  /** Where the headers are, from some message on. */
  addressOf(message: number): Address {
    return message === 0 ? this.#address : addressAfter(this.#address, message * mmsghdr.size);
  }

  /** Says how much room there is: the kernel has written over it how much it used. */
  makeRoom(): void {
    this.count = 0;
    for (let i = 0; i < this.slots.length; i++) {
      this.#put(i, ADDRESS_SIZE, this.#size, this.#space);
    }
  }

  /** Takes note of what was received. Every descriptor gets an owner now, wanted or not. */
  receive(count: number): void {
    this.count = count;
    for (let i = 0; i < count; i++) {
      const at = i * HEADER;
      const slot = this.slots[i];
      const said = this.#headers[at + CONTROL_LENGTH];
      slot.receive(
        this.#headers[at + LENGTH],
        this.#headers[at + FLAGS],
        this.#headers[at + NAME_LENGTH],
        said,
      );
      if (said > 0 && bringDescriptors(this.#rooms, i * this.#space, said)) {
        slot.owned = adoptDescriptors(slot.said, this.#most);
      }
    }
  }

  /** Lays out what is to be sent, from some message on. */
  prepare(from: number): void {
    for (let i = from; i < this.count; i++) {
      const slot = this.slots[i];
      this.#put(i, slot.nameLength, slot.filled, slot.isToTell ? slot.controlLength : 0);
    }
  }

  /** Takes note of how much was sent of each message. */
  send(from: number, count: number): void {
    for (let i = from; i < this.count; i++) {
      this.slots[i].sent = i < from + count ? this.#headers[i * HEADER + LENGTH] : 0;
    }
  }

  #put(i: number, name: number, length: number, control: number): void {
    this.#headers[i * HEADER + NAME_LENGTH] = name;
    this.#headers[i * HEADER + CONTROL_LENGTH] = control;
    this.#vectors[i * VECTOR + VECTOR_LENGTH] = length;
  }
}
