import {
  bind,
  connect,
  connectionError,
  errorQueue,
  setOptions,
  type SettableOptions,
  type Socket,
  socket,
  tcpInfo,
} from "@posixly/socket";
import type { SyscallError } from "@posixly/sys";
import { performance } from "node:perf_hooks";
import type { HostAddress, IpFamily } from "./host.ts";
import { localRefusal, refusalIn } from "./icmp_reason.ts";
import { nameOf } from "../interface_name.ts";
import { rawAddress } from "../raw_address.ts";
import { realTime } from "./round_trip.ts";
import type { TraceListening, TracePacket, Tracer, TracerAsks } from "./tracer.ts";
import type { Vigil } from "../vigil.ts";

/**
 * Finds the way by connections to a port of TCP, which takes no right: each has a socket of its own,
 * whose SYN gets just so far. One that is established is reset, and nothing was said.
 */
export class TcpTracer implements Tracer {
  readonly #target: HostAddress;
  readonly #bindToDevice: string | undefined;
  readonly #address: string | undefined;
  readonly #vigil: Vigil;
  readonly #connecting = new Map<TracePacket, Socket>();

  constructor({ target, port, interface: name, address, vigil }: TracerAsks) {
    this.#target = { ...target, port };
    this.#bindToDevice = nameOf(name);
    this.#address = address;
    this.#vigil = vigil;
  }

  send(packet: TracePacket, listening: TraceListening): boolean {
    const { family } = this.#target;
    const connecting = socket(family, "stream");
    this.#connecting.set(packet, connecting);
    const bindToDevice = this.#bindToDevice;
    setOptions(connecting, { ...optionsFor(family, packet.distance), bindToDevice });
    if (this.#address !== undefined) bind(connecting, rawAddress(this.#address, family));
    packet.began = performance.now();
    packet.asked = realTime(); // no SYN is told to have left
    try {
      connect(connecting, this.#target);
      this.#vigil.watch(connecting, { writable: true });
    } catch (error) {
      this.#conclude(packet, connecting, error as SyscallError, listening);
    }
    return true;
  }

  take(listening: TraceListening): boolean {
    for (const [packet, connecting] of this.#connecting) {
      const error = connectionError(connecting);
      if (error !== null) this.#conclude(packet, connecting, error, listening);
      else if (tcpInfo(connecting).state !== "synSent") this.#answer(packet, connecting, listening);
    }
    return false;
  }

  #answer(packet: TracePacket, connected: Socket, listening: TraceListening): void {
    const { rtt } = tcpInfo(connected); // of the SYN; none if it had to be sent again
    this.#close(packet, connected);
    listening.answered(packet.number, {
      from: this.#target.host,
      ttl: undefined,
      arrived: undefined,
      ...rtt > 0 && { rtt: rtt / 1000 },
    });
  }

  /** Somebody on the way said something, or the target has nobody at that port. */
  #conclude(
    packet: TracePacket,
    failed: Socket,
    { code }: SyscallError,
    listening: TraceListening,
  ): void {
    const [told] = [...errorQueue(failed)];
    this.#close(packet, failed);
    if (told !== undefined) {
      listening.refused(packet.number, refusalIn(told), told.control.timestamps?.software);
    } else if (code === "ECONNREFUSED" || code === "ECONNRESET") {
      const { host } = this.#target;
      listening.answered(packet.number, { from: host, ttl: undefined, arrived: undefined });
    } else if (code !== "ETIMEDOUT") {
      listening.refused(packet.number, localRefusal(code), undefined);
    }
  }

  #close(packet: TracePacket, finished: Socket): void {
    this.#connecting.delete(packet);
    finished.close();
  }

  [Symbol.dispose](): void {
    for (const connecting of this.#connecting.values()) connecting.close();
  }
}

/** Of what routers say, in the queue of errors. */
const ARRIVALS = { receiveSoftware: true, software: true } as const;

function optionsFor(family: IpFamily, distance: number): Partial<SettableOptions> {
  const common = { linger: 0, timestamping: ARRIVALS } as const; // linger: it is reset
  return family === "ipv4"
    ? { ...common, ipTtl: distance, ipReceiveError: true }
    : { ...common, ipv6HopLimit: distance, ipv6ReceiveError: true };
}
