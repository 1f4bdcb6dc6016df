import type { Holder, Overview } from "./overview.ts";

/** An overview as text. */
export function showOverview(found: Overview): string {
  const { range, reserved, ports, tcp, udp, destinations, settings } = found;
  const share = (count: number) => `${(count / Math.max(ports, 1) * 100).toFixed(1)}%`;
  return [
    `Ephemeral ports ${range}: ${ports}` + (reserved ? `, without ${reserved}` : ""),
    ...table([
      ["", "open", "TIME_WAIT", "unused", "used"],
      ["TCP", `${tcp.open}`, `${tcp.timeWait}`, `${tcp.unused}`, share(ports - tcp.unused)],
      ["UDP", `${udp.open}`, "", `${udp.unused}`, share(ports - udp.unused)],
    ]),
    "",
    "Each destination has all of these ports for itself:",
    ...table([
      ["to", "from", "open", "TIME_WAIT", "used"],
      ...destinations.map(({ to, from, connected, timeWait }) => [
        to,
        from,
        `${connected}`,
        `${timeWait}`,
        share(connected + timeWait),
      ]),
    ]),
    "",
    "Settings:",
    ...settings.map(({ setting, value, meaning }) => `  ${setting} = ${value || "-"}: ${meaning}`),
    "",
  ].join("\n");
}

/** Who has ports, as text. */
export function showHolders(ports: readonly number[], holders: readonly Holder[]): string {
  const free = ports.filter((port) => !holders.some((holder) => holder.port === port));
  const lines = holders.length === 0 ? [] : table([
    ["protocol", "state", "local", "remote", "who"],
    ...holders.map(({ protocol, state, local, remote, uid, owners }) => [
      protocol,
      state,
      local,
      remote ?? "",
      owners.map(({ pid, command }) => `${harmless(command)} (${pid})`).join(", ") ||
      (state === "timeWait" ? "nobody any more" : `somebody of user ${uid}`),
    ]),
  ]);
  return [...lines, ...free.map((port) => `Nobody has ${port}.`), ""].join("\n");
}

/** Programs choose their names, and a name must not command the terminal of who looks. */
function harmless(name: string): string {
  return name.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?");
}

const numbers = ["open", "TIME_WAIT", "unused", "used"];

/** Rows in columns, below their names: numbers to the right, and the rest to the left. */
function table(rows: readonly string[][]): string[] {
  const [names] = rows;
  const widths = names.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const place = (cell: string, column: number) =>
    numbers.includes(names[column]) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]);
  return rows.map((row) => `  ${row.map(place).join("  ")}`.trimEnd());
}
