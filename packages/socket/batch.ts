import { type Bytes, requireInteger, requireKnown } from "@posixly/sys";
import type { AddressLike } from "./address.ts";
import { BatchMemory } from "./batch_memory.ts";
import type { BatchMessage } from "./batch_message.ts";
import { IOV_MAX } from "./libc.ts";
import { MOST_DESCRIPTORS } from "./message.ts";

/**
 * How much a {@linkcode MessageBatch} holds.
 *
 * @example Usage
 * ```ts
 * import { MessageBatch, type MessageBatchOptions } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const packets: MessageBatchOptions = { messages: 256, bytes: 1500 };
 * assert.equal(new MessageBatch(packets).capacity, 256);
 * ```
 */
export interface MessageBatchOptions {
  /** How many messages, 1 to 1024; by default 64. */
  readonly messages?: number;
  /** How many bytes each may have, up to 65536; by default 2048. */
  readonly bytes?: number;
  /** How many bytes of control messages may come along with each, up to 65536; by default 256. */
  readonly control?: number;
  /** How many descriptors may come along with each, 0 to 253; by default none. */
  readonly descriptors?: number;
}

const LARGEST = 65_536;

/** The memory of a batch, for the calls that fill it and send it. */
export let memoryOf: (batch: MessageBatch) => BatchMemory;

/**
 * Memory for many messages, to be received by one call and sent by one call, and used again and
 * again: {@linkcode receiveMessages} and {@linkcode sendMessages}. Nothing is made for a message
 * that nobody looks at.
 *
 * @example An echo: what was received is sent back to where it came from
 * ```ts
 * import { bind, connect, localAddress, MessageBatch, receive } from "@posixly/socket";
 * import { receiveMessages, send, sendMessages, socket } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * using server = socket("ipv4", "datagram");
 * bind(server, "127.0.0.1:0");
 * using client = socket("ipv4", "datagram");
 * connect(client, localAddress(server));
 * for (const byte of [1, 2, 3]) send(client, new Uint8Array([byte]));
 *
 * const batch = new MessageBatch();
 * assert.equal(receiveMessages(server, batch), 3);
 * for (const { bytes } of batch) bytes[0] *= 10;
 * assert.equal(sendMessages(server, batch), 3);
 *
 * const buffer = new Uint8Array(1);
 * receive(client, buffer);
 * assert.equal(buffer[0], 10);
 * ```
 */
export class MessageBatch implements Iterable<BatchMessage> {
  readonly #memory: BatchMemory;

  static {
    memoryOf = (batch) => {
      if (typeof batch === "object" && batch !== null && #memory in batch) return batch.#memory;
      throw new TypeError("batch must be a MessageBatch");
    };
  }

  /**
   * @param options How much it holds
   * @throws {TypeError | RangeError} If an option is not as described
   */
  constructor(options: MessageBatchOptions = {}) {
    requireKnown(options, ["messages", "bytes", "control", "descriptors"]);
    const { messages = 64, bytes = 2048, control = 256, descriptors = 0 } = options;
    this.#memory = new BatchMemory(
      requireInteger(messages, "messages", 1, IOV_MAX),
      requireInteger(bytes, "bytes", 1, LARGEST),
      requireInteger(descriptors, "descriptors", 0, MOST_DESCRIPTORS),
      requireInteger(control, "control", 0, LARGEST),
    );
  }

  /** How many messages it can hold. */
  get capacity(): number {
    return this.#memory.slots.length;
  }

  /** How many messages it holds. */
  get count(): number {
    return this.#memory.count;
  }

  /**
   * Adds a message to be sent.
   *
   * @param bytes Its bytes, which are copied; without them, write into its `buffer` and say its
   * `length`
   * @param address Whom it is for; left out on a connection
   * @returns The message; `null` if the batch is full
   * @throws {TypeError | RangeError} If `bytes` is no buffer, or has more bytes than there is room
   * for, or `address` is none
   */
  add(bytes?: Bytes, address?: AddressLike): BatchMessage | null {
    const memory = this.#memory;
    if (memory.count === memory.slots.length) return null;
    const slot = memory.slots[memory.count];
    slot.clear();
    if (bytes !== undefined) slot.put(bytes);
    if (address !== undefined) slot.sendTo(address);
    memory.count++;
    return slot;
  }

  /**
   * Looks at a message.
   *
   * @param index Which one, from 0
   * @returns The message, the same object every time
   * @throws {TypeError | RangeError} If there is no such message
   */
  at(index: number): BatchMessage {
    return this.#memory.slots[requireInteger(index, "index", 0, this.#memory.count - 1)];
  }

  /** Forgets all messages. Descriptors that came with them stay open. */
  clear(): void {
    this.#memory.count = 0;
  }

  /** Looks at one message after the other. */
  *[Symbol.iterator](): Iterator<BatchMessage> {
    for (let i = 0; i < this.#memory.count; i++) yield this.#memory.slots[i];
  }
}
