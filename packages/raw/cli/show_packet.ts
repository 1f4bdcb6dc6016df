import type { ExactTime } from "@posixly/fd";
import type { SniffedPacket } from "../tools/sniffed_packet.ts";
import { formatPacket } from "../wire/mod.ts";
import type { SniffCommand } from "./sniff.ts";

/** A packet in a line, as tcpdump shows it: the time of the day, the interface if there are several. */
export function showPacket(
  sniffed: SniffedPacket,
  { ethernet, options }: Pick<SniffCommand, "ethernet" | "options">,
): string {
  const where = options.interface === undefined ? placeOf(sniffed) : "";
  return `${timeOf(sniffed)} ${where}${lineOf(sniffed, ethernet)}`;
}

function lineOf(
  { packet, link, originalLength: length }: SniffedPacket,
  ethernet: boolean,
): string {
  return formatPacket(packet, { ethernet: ethernet && link === "ethernet", length });
}

function placeOf({ interface: given, packetType }: SniffedPacket): string {
  if (given === undefined) return "";
  // A file may say what it likes, but is not to command the terminal.
  const name = given.replaceAll(/[\p{Cc}\p{Cf}]/gu, "?");
  if (packetType === undefined) return `${name} `;
  return `${name} ${packetType === "outgoing" ? "Out" : "In"} `;
}

function timeOf({ timestamp }: SniffedPacket): string {
  if (timestamp === undefined) return "--:--:--.------";
  const date = new Date(Number(timestamp.seconds) * 1000);
  // A file may have times that no calendar has; digits say them all the same.
  if (Number.isNaN(date.getTime())) return secondsOf(timestamp);
  const day = [date.getHours(), date.getMinutes(), date.getSeconds()];
  const micros = Math.floor(timestamp.nanoseconds / 1000);
  return `${day.map((part) => String(part).padStart(2, "0")).join(":")}.${
    String(micros).padStart(6, "0")
  }`;
}

/** A packet as a line of JSON says it: with its layers, and what they carry in hexadecimal. */
export function asJson(sniffed: SniffedPacket): object {
  const { timestamp, interface: name, packetType, originalLength, bytes, packet } = sniffed;
  return {
    kind: "packet",
    time: timestamp === undefined ? undefined : secondsOf(timestamp),
    interface: name,
    packetType,
    length: originalLength,
    captured: bytes.length,
    text: lineOf(sniffed, false),
    layers: packet.layers.map((layer) => layer.values()),
    payload: packet.payload,
    problem: packet.problem?.message,
  };
}

/** Seconds with all nine digits, which no number has room for; before 1970 they are less than 0. */
function secondsOf({ seconds, nanoseconds }: ExactTime): string {
  const total = BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds);
  const digits = String(total < 0n ? -total : total).padStart(10, "0");
  return `${total < 0n ? "-" : ""}${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
