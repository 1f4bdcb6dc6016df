import { type Flags, toFlags } from "./flags.ts";
import { O_CLOEXEC } from "./libc.ts";

/** What `/proc/pid/fdinfo` says of a descriptor. */
export interface FdInfo {
  readonly position: number | bigint;
  readonly flags: Flags;
  readonly mountId: number;
  readonly count?: number | bigint;
  readonly pid?: number;
  readonly watches?: readonly number[];
  readonly details: readonly string[];
}

/** Reads the text of `/proc/pid/fdinfo`, see proc_pid_fdinfo(5). */
export function parseFdInfo(text: string): FdInfo {
  const find = (pattern: RegExp) => pattern.exec(text)?.[1];
  const flags = parseInt(find(/^flags:\s*([0-7]+)/m) ?? "0", 8);
  const count = find(/^eventfd-count:\s*([0-9a-f]+)/m);
  const pid = find(/^Pid:\s*(-?\d+)/m);
  const watches = watchesOf(text);
  return {
    position: toInteger(find(/^pos:\s*(-?\d+)/m) ?? "0"),
    flags: toFlags(flags, (flags & O_CLOEXEC) !== 0),
    mountId: Number(find(/^mnt_id:\s*(\d+)/m) ?? 0),
    ...count !== undefined && { count: toInteger(`0x${count}`) },
    ...pid !== undefined && { pid: Number(pid) },
    ...watches.length > 0 && { watches },
    details: text.split("\n").filter((line) =>
      line !== "" && !/^(pos|flags|mnt_id|ino):/.test(line)
    ),
  };
}

/** An epoll set counts in decimal, an inotify in hexadecimal. */
function watchesOf(text: string): number[] {
  return [
    ...Array.from(text.matchAll(/^tfd:\s*(\d+)/gm), ([, fd]) => Number(fd)),
    ...Array.from(text.matchAll(/^inotify wd:([0-9a-f]+)/gm), ([, wd]) => parseInt(wd, 16)),
  ];
}

/** A number where that is exact, else a bigint; the kernel gives positions a sign. */
function toInteger(text: string): number | bigint {
  const value = BigInt.asUintN(64, BigInt(text));
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
