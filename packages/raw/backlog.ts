import type { CapturedPacket } from "./captured_packet.ts";
import { Fifo } from "./tools/fifo.ts";

/** About what a packet takes besides its bytes. */
const OVERHEAD = 512;

/** Packets that wait for whoever is paused, up to so many bytes. */
export class Backlog {
  readonly #most: number;
  readonly #packets = new Fifo<CapturedPacket>();
  #bytes = 0;

  /** @param most How many bytes are enough */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether no more is to be put in. */
  get isFull(): boolean {
    return this.#bytes >= this.#most;
  }

  push(packet: CapturedPacket): void {
    this.#packets.push(packet);
    this.#bytes += packet.bytes.length + OVERHEAD;
  }

  /** Takes the first one out, if there is any. */
  take(): CapturedPacket | undefined {
    const { first } = this.#packets;
    if (first === undefined) return undefined;
    this.#packets.skip();
    this.#bytes -= first.bytes.length + OVERHEAD;
    return first;
  }
}
