/** What `/proc/pid/fdinfo` says of a descriptor. */
export interface FdInfo {
  readonly position: number | bigint;
  readonly flags: number;
  readonly mountId: number;
  readonly count?: number | bigint;
  readonly pid?: number;
  readonly watches?: readonly number[];
  readonly details: readonly string[];
}

/** Every descriptor has these; the rest depends on its kind. */
const common = ["pos", "flags", "mnt_id", "ino"];

/** Reads the text of `/proc/pid/fdinfo`, see proc_pid_fdinfo(5). */
export function parseFdInfo(text: string): FdInfo {
  const lines = text.split("\n").filter((line) => line !== "");
  const value = (name: string) => valueOf(lines.find((line) => line.startsWith(`${name}:`)));
  const count = value("eventfd-count");
  const pid = value("Pid");
  const watches = lines.flatMap((line) => /^(?:tfd|inotify wd):\s*(\d+)/.exec(line)?.[1] ?? []);
  return {
    position: toInteger(value("pos") ?? "0"),
    flags: parseInt(value("flags") ?? "0", 8),
    mountId: Number(value("mnt_id") ?? 0),
    ...count !== undefined && { count: toInteger(`0x${count}`) },
    ...pid !== undefined && { pid: Number(pid) },
    ...watches.length > 0 && { watches: watches.map(Number) },
    details: lines.filter((line) => !common.includes(line.split(":")[0])),
  };
}

function valueOf(line: string | undefined): string | undefined {
  return line?.slice(line.indexOf(":") + 1).trim();
}

/** A number where that is exact, else a bigint. */
function toInteger(text: string): number | bigint {
  const value = BigInt(text);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
