import { execFileSync } from "node:child_process";

/** A frame, and how long it was before it was cut. */
export interface Captured {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** What tcpdump says of frames: without the time, names or relative numbers; dumps are left out. */
export function tcpdump(frames: readonly Captured[], ...flags: string[]): string[] {
  const output = execFileSync("tcpdump", ["-n", "-t", "-S", ...flags, "-r", "-"], {
    input: captureOf(frames),
    encoding: "utf8",
    stdio: ["pipe", "pipe", "pipe"],
  });
  return output.split("\n").filter((line) => line !== "" && !line.startsWith("\t"));
}

/** A capture file of Ethernet frames, in the classic format. */
function captureOf(frames: readonly Captured[]): Uint8Array {
  const words = [0xa1b2c3d4, 0x0004_0002, 0, 0, 65535, 1];
  const parts = [littleEndian(words)];
  for (const { bytes, length } of frames) {
    parts.push(littleEndian([0, 0, bytes.length, length]), bytes);
  }
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function littleEndian(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * words.length);
  const view = new DataView(bytes.buffer);
  for (const [i, word] of words.entries()) view.setUint32(4 * i, word, true);
  return bytes;
}
