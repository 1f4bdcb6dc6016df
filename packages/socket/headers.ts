import { type Address, addressAfter, addressOf, type Bytes, type StructView } from "@posixly/sys";
import { IOV_MAX, iovec, mmsghdr, msghdr } from "./libc.ts";
import { ADDRESS_SIZE } from "./sockaddr.ts";

/** A `struct msghdr` in memory. */
export type Header = StructView<FieldsOf<typeof msghdr>>;
type FieldsOf<S> = S extends { view(bytes: ArrayBufferView): StructView<infer F> } ? F : never;

/** The headers of messages, as `struct mmsghdr` one after the other, each with room for a name. */
export class Headers {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly names: readonly Uint8Array<ArrayBuffer>[];
  readonly headers: readonly Header[];

  constructor(count: number) {
    this.memory = new Uint8Array(count * mmsghdr.size);
    const names = new ArrayBuffer(count * ADDRESS_SIZE);
    const numbers = Array.from({ length: count }, (_, i) => i);
    this.names = numbers.map((i) => new Uint8Array(names, i * ADDRESS_SIZE, ADDRESS_SIZE));
    this.headers = numbers.map((i) => msghdr.view(this.memory, i * mmsghdr.size));
    for (const [i, header] of this.headers.entries()) header.msg_name = addressOf(this.names[i]);
  }
}

/** Arrays of `struct iovec`: where the bytes of messages lie. */
export class Vectors {
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly #start: Address;
  readonly #data: DataView;
  #used = 0;

  constructor(count: number) {
    this.memory = new Uint8Array(count * iovec.size);
    this.#start = addressOf(this.memory);
    this.#data = new DataView(this.memory.buffer);
  }

  clear(): void {
    this.#used = 0;
  }

  /** Points a header to buffers, which are checked; empty ones are passed over. */
  put(header: Header, buffers: readonly Bytes[]): void {
    const before = this.#used;
    header.msg_iov = addressAfter(this.#start, before * iovec.size);
    for (const bytes of buffers) {
      const address = addressOf(bytes);
      if (bytes.byteLength === 0) continue;
      const vector = iovec.look(this.#data, this.#used++ * iovec.size);
      vector.iov_base = address;
      vector.iov_len = bytes.byteLength;
    }
    header.msg_iovlen = this.#used - before;
  }
}

/** What one message at a time takes, used again by every call, since no two are ever under way. */
export class Single {
  readonly vectors: Vectors = new Vectors(IOV_MAX);
  readonly memory: Uint8Array<ArrayBuffer>;
  readonly header: Header;
  readonly name: Uint8Array<ArrayBuffer>;

  constructor() {
    const { memory, headers, names } = new Headers(1);
    this.memory = memory;
    this.header = headers[0];
    this.name = names[0];
  }
}
