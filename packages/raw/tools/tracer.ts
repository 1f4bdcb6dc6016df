import type { ExactTime } from "@posixly/fd";
import type { HostAddress, IpFamily } from "./host.ts";
import type { Refusal } from "./icmp_reason.ts";
import type { Departure } from "./round_trip.ts";
import type { Vigil } from "../vigil.ts";

/** A packet that shall find out who is at some distance. */
export interface TracePacket extends Departure {
  /** The how manieth it is, from 0. */
  readonly number: number;
  readonly distance: number;
}

/** An answer by the target itself. */
export interface TargetAnswer {
  readonly from: string;
  readonly ttl: number | undefined;
  readonly arrived: ExactTime | undefined;
  /** The time of flight in milliseconds, where the kernel has measured it. */
  readonly rtt?: number;
}

/** Who is told what comes back, by the number of the packet. */
export interface TraceListening {
  answered(number: number, answer: TargetAnswer): void;
  refused(number: number, refusal: Refusal, arrived: ExactTime | undefined): void;
}

/** Sends packets of one kind that get just so far, and knows what comes back to them. */
export interface Tracer extends Disposable {
  /**
   * Sends a packet.
   *
   * @returns Whether there was room for it
   */
  send(packet: TracePacket, listening: TraceListening): boolean;

  /**
   * Takes what there is.
   *
   * @returns Whether there may be more
   */
  take(listening: TraceListening): boolean;
}

/** What a tracer is made for. */
export interface TracerAsks {
  readonly target: HostAddress;
  readonly port: number;
  /** How many bytes each packet carries. */
  readonly size: number;
  readonly interface: string | number | undefined;
  readonly address: string | undefined;
  readonly vigil: Vigil;
}

/** How the kernel is told how far one packet goes. */
export function reaching(family: IpFamily, distance: number): { ttl: number } | {
  hopLimit: number;
} {
  return family === "ipv4" ? { ttl: distance } : { hopLimit: distance };
}
