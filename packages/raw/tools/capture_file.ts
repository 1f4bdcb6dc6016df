import { clearImmediate, setImmediate } from "node:timers";
import { open, type OwnedFd, writeAll } from "@posixly/fd";
import {
  type CaptureInterface,
  type CaptureWriter,
  captureWriter,
  linkTypes,
} from "../pcap/mod.ts";
import type { SniffedPacket } from "./sniffed_packet.ts";

/** How much is gathered until it is written. */
const GATHERED = 65_536;

const NANOSECONDS = 9;
const NAME = 2;

/**
 * Writes what is seen as it comes: pcap if the path says so, and else pcapng. What came together is
 * gathered, and whoever reads the file meanwhile finds all that came before it was quiet.
 */
export class CaptureFile implements Disposable {
  readonly #file: OwnedFd | undefined;
  readonly #put: (bytes: Uint8Array) => void;
  readonly #writer: CaptureWriter;
  readonly #snapLength: number;
  readonly #interfaces = new Map<string, CaptureInterface>();
  #pieces: Uint8Array[] = [];
  #gathered = 0;
  /** What writes when this turn of the event loop is over, and what went wrong then. */
  #flushing: ReturnType<typeof setImmediate> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(to: string | ((bytes: Uint8Array) => void), snapLength = 0) {
    const isPath = typeof to === "string";
    const format = isPath && to.endsWith(".pcap") ? "pcap" : "pcapng";
    this.#snapLength = snapLength;
    this.#writer = captureWriter({ format, snapLength });
    if (!isPath) this.#put = to;
    else {
      const file = this.#file = open(to, { write: true, create: true, truncate: true });
      this.#put = (bytes) => void writeAll(file, bytes);
    }
  }

  /** Writes a packet, at the latest when no more has come with it. */
  write({ bytes, originalLength, timestamp, link, interface: name }: SniffedPacket): void {
    const at = this.#interfaceOf(name ?? "", link);
    this.#gather(this.#writer.write({ bytes, originalLength, timestamp, interface: at }));
  }

  #gather(piece: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#pieces.push(piece);
    this.#gathered += piece.length;
    if (this.#gathered >= GATHERED) this.flush();
    else this.#flushing ??= setImmediate(this.#flushSoon);
  }

  /** Nobody is there who would be told; who writes next, or closes it, is. */
  readonly #flushSoon = (): void => {
    try {
      this.flush();
    } catch (error) {
      this.#failure = { error };
    }
  };

  #interfaceOf(name: string, link: "ethernet" | "ip"): CaptureInterface {
    const key = `${link} ${name}`;
    let known = this.#interfaces.get(key);
    if (known === undefined) {
      known = {
        kind: "interface",
        link: link === "ethernet" ? linkTypes.ethernet : linkTypes.raw,
        snapLength: this.#snapLength,
        resolution: NANOSECONDS,
        timeOffset: 0,
        options: name === "" ? [] : [{ code: NAME, value: name }],
      };
      this.#interfaces.set(key, known);
    }
    return known;
  }

  /** Writes what was gathered. */
  flush(): void {
    clearImmediate(this.#flushing);
    this.#flushing = undefined;
    if (this.#gathered === 0) return;
    const all = new Uint8Array(this.#gathered);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [];
    this.#gathered = 0;
    this.#put(all);
  }

  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      this.#gather(this.#writer.end());
      this.flush();
    } finally {
      this.#file?.close();
    }
  }
}
