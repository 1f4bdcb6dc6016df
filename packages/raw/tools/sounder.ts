import { performance } from "node:perf_hooks";
import {
  connectionError,
  MessageBatch,
  type QueuedError,
  receiveError,
  receiveMessage,
  sendMessages,
  setOptions,
  type Socket,
} from "@posixly/socket";
import { errno, type SyscallError } from "@posixly/sys";
import type { Departure } from "./round_trip.ts";
import { aboutTheNetwork, aboutThePacket } from "../send_errors.ts";
import { type Incoming, type Listening, type Outgoing, STAMPS } from "./sounding.ts";

/** What comes in at once before somebody else has his turn. */
const MESSAGES_A_TURN = 1024;
const MESSAGES_A_CALL = 64;
const BATCH_BYTES = 2 ** 18;
const ROOM = 65_536;

/** What a socket says of a packet before may hit the next one a few times in a row, by chance. */
const ATTEMPTS = 4;

/** A departure that the kernel has not told of by then is one that it does not tell of. */
const PATIENCE_MS = 10_000;

/**
 * Sends packets into the network and hears what becomes of them: when the kernel sent them, what
 * came back and when, and who said that it does not go on. The socket stays its owner's.
 */
export class Sounder {
  readonly socket: Socket;
  readonly #batch: MessageBatch;
  readonly #room = new Uint8Array(ROOM);
  /** The kernel counts what is sent, and tells times by that number. */
  #counter = 0;
  readonly #departures = new Map<number, Departure>();

  /**
   * @param socket Non-blocking, with {@linkcode soundingOptions}
   * @param most How long the longest packet is
   */
  constructor(socket: Socket, most: number) {
    const messages = Math.max(1, Math.min(MESSAGES_A_CALL, Math.floor(BATCH_BYTES / most)));
    this.socket = socket;
    this.#batch = new MessageBatch({ messages, bytes: Math.max(most, 1), control: 64 });
  }

  /** How many packets one call sends. */
  get capacity(): number {
    return this.#batch.capacity;
  }

  /**
   * Sends packets, as many as the socket takes now.
   *
   * @param packets No more than `capacity`
   * @param failed Is told of those that this machine could not send
   * @returns How many are done with
   */
  send(
    packets: readonly Outgoing[],
    failed: (packet: Outgoing, error: SyscallError) => void,
  ): number {
    const batch = this.#batch;
    batch.clear();
    for (const { bytes, to, control } of packets) {
      const message = batch.add(bytes, to)!;
      if (control !== undefined) message.control = control;
    }
    let done = 0;
    while (done < packets.length) {
      const sent = this.#try(packets, done, failed);
      if (sent === null) break;
      done += sent;
    }
    return done;
  }

  #try(
    packets: readonly Outgoing[],
    from: number,
    failed: (packet: Outgoing, error: SyscallError) => void,
  ): number | null {
    const began = performance.now();
    for (let attempt = 1;; attempt++) {
      connectionError(this.socket); // what was said of an earlier packet is in the queue as well
      try {
        const sent = sendMessages(this.socket, this.#batch, { first: from, nonBlocking: true });
        for (let i = from; i < from + (sent ?? 0); i++) this.#note(packets[i].departure, began);
        if (sent !== packets.length - from) this.#countAnew();
        return sent;
      } catch (error) {
        this.#countAnew();
        const { errno: number } = error as SyscallError;
        if (number === errno.ENOBUFS) return null;
        if (aboutTheNetwork.has(number) && attempt < ATTEMPTS) continue;
        if (!aboutTheNetwork.has(number) && !aboutThePacket.has(number)) throw error;
        failed(packets[from], error as SyscallError);
        return 1;
      }
    }
  }

  #note(departure: Departure, began: number): void {
    departure.began = began;
    this.#departures.set(this.#counter++, departure);
    this.#counter >>>= 0;
    for (const [counter, { began: earlier }] of this.#departures) {
      if (began - earlier < PATIENCE_MS) break;
      this.#departures.delete(counter);
    }
  }

  /** What failed may have counted or not, by the version of the kernel. */
  #countAnew(): void {
    this.#takeTimes();
    setOptions(this.socket, { timestamping: {} });
    setOptions(this.socket, { timestamping: STAMPS });
    this.#counter = 0;
    this.#departures.clear();
  }

  /** Errors that were in the queue between times. */
  readonly #errors: QueuedError[] = [];

  /**
   * With `EREMOTEIO` a ping socket tells of a better way, or of a router that has much to do: that
   * is no error, the packet went on. Raw sockets are told nothing of it.
   */
  #takeTimes(): void {
    for (let next; (next = receiveError(this.socket)) !== null;) {
      const { error: { origin, data, errno: number }, control } = next;
      if (origin !== "timestamping") {
        if (number !== errno.EREMOTEIO) this.#errors.push(next);
        continue;
      }
      const departure = this.#departures.get(data);
      if (departure === undefined) continue;
      departure.left ??= control.timestamps?.software;
      this.#departures.delete(data);
    }
  }

  /**
   * Takes what there is: times first, since what came in is measured by them.
   *
   * @returns Whether there may be more
   */
  take(listening: Listening): boolean {
    for (let messages = 0; messages < MESSAGES_A_TURN; messages++) {
      const message = this.#next();
      this.#takeTimes(); // of what was sent before this came
      for (const error of this.#errors.splice(0)) {
        listening.refused(error, error.control.timestamps?.software);
      }
      if (message === null) return false;
      listening.answered(message);
    }
    return true;
  }

  #next(): Incoming | null {
    for (;;) {
      try {
        const message = receiveMessage(this.socket, this.#room, atOnce);
        if (message === null) return null;
        const { length, from, control } = message;
        return {
          bytes: this.#room.subarray(0, length),
          from,
          ttl: control.ttl ?? control.hopLimit,
          arrived: control.timestamps?.software,
        };
      } catch (error) {
        // Told here once, and in the queue with all that is known of it.
        if (!aboutTheNetwork.has((error as SyscallError).errno)) throw error;
      }
    }
  }
}

const atOnce = { nonBlocking: true } as const;
