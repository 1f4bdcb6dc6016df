import { createReadStream, statSync } from "node:fs";
import process from "node:process";
import { unlessAborted } from "@posixly/mux";
import { filterFunction } from "../bpf/mod.ts";
import { CaptureFile } from "../tools/capture_file.ts";
import { compileFilter } from "../compile_filter.ts";
import { type CapturePacket, readCapture } from "../pcap/mod.ts";
import { type SniffedPacket, understoodOfFile } from "../tools/sniffed_packet.ts";
import { UsageError } from "./command.ts";

/** What of a file is wanted, and where else it is written. */
interface FileOptions {
  readonly filter: string;
  readonly count: number | undefined;
  readonly write: string | ((bytes: Uint8Array) => void) | undefined;
  readonly signal: AbortSignal;
}

/** The packets of a file of pcap or pcapng that pass a filter. */
export function packetsOfFile(path: string, options: FileOptions) {
  const { write } = options;
  if (typeof write === "string" && isSame(path, write)) {
    throw new UsageError(`${write} cannot be read and written at once`);
  }
  let file: CaptureFile | undefined;
  // To open it empties it: not before it is known that there is something to be written.
  const output = () => file ??= write === undefined ? undefined : new CaptureFile(write);
  let unknown = 0;
  async function* packets(): AsyncGenerator<SniffedPacket, void, void> {
    let left = options.count ?? Infinity;
    const passes = passing(options.filter);
    for await (const packet of read(path, options.signal)) {
      const sniffed = understoodOfFile(packet);
      if (sniffed === null) unknown++;
      if (sniffed === null || !passes(packet)) continue;
      output()?.write(sniffed);
      yield sniffed;
      if (--left <= 0) return;
    }
    output();
  }
  return {
    [Symbol.asyncIterator]: packets,
    [Symbol.dispose]: () => file?.[Symbol.dispose](),
    get said() {
      return unknown === 0 ? "" : `, ${unknown} of a kind that is not known here`;
    },
  };
}

/** Opening a file to write empties it, also one that is read by another name. */
function isSame(path: string, other: string): boolean {
  const [one, two] = [path === "-" ? "/dev/stdin" : path, other].map((name) =>
    statSync(name, { throwIfNoEntry: false })
  );
  return one?.isFile() === true && one.dev === two?.dev && one.ino === two.ino;
}

async function* read(path: string, signal: AbortSignal): AsyncGenerator<CapturePacket, void, void> {
  const stream = path === "-" ? process.stdin : createReadStream(path);
  const packets = readCapture(stream)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await unlessAborted(packets.next(), signal);
      if (done) return;
      yield value;
    }
  } finally {
    stream.destroy();
  }
}

/** The filter, for each kind of link that the file has. */
function passing(expression: string): (packet: CapturePacket) => boolean {
  if (expression === "") return () => true;
  const filters = new Map<number, ReturnType<typeof filterFunction>>();
  return ({ bytes, originalLength: length, interface: { link } }) => {
    let filter = filters.get(link);
    if (filter === undefined) {
      filters.set(link, filter = filterFunction(compileFilter(expression, { link })));
    }
    return filter(bytes, { length }) > 0;
  };
}
