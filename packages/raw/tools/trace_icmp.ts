import { randomInt } from "node:crypto";
import { EchoLine } from "./echo_line.ts";
import type { HostAddress } from "./host.ts";
import { localRefusal, refusalIn } from "./icmp_reason.ts";
import {
  reaching,
  type TraceListening,
  type TracePacket,
  type Tracer,
  type TracerAsks,
} from "./tracer.ts";

/** Finds the way by echo requests: of a raw socket if we may have one, and else of a ping socket. */
export class IcmpTracer implements Tracer {
  readonly #target: HostAddress;
  readonly #line: EchoLine;

  constructor({ target, size, interface: name, address, vigil }: TracerAsks) {
    this.#target = target;
    const asks = { way: undefined, interface: name, address, options: {} };
    this.#line = new EchoLine(target.family, asks, size, randomInt(2 ** 32));
    vigil.watch(this.#line.socket);
  }

  send(packet: TracePacket, listening: TraceListening): boolean {
    const { number, distance } = packet;
    const outgoing = {
      bytes: this.#line.request(number, number),
      to: this.#target,
      control: reaching(this.#target.family, distance),
      departure: packet,
    };
    return this.#line.sounder.send([outgoing], (_, { code }) => {
      listening.refused(number, localRefusal(code), undefined);
    }) === 1;
  }

  take(listening: TraceListening): boolean {
    return this.#line.take({
      replied({ sequence, from, ttl, arrived }) {
        listening.answered(sequence, { from: (from as HostAddress).host, ttl, arrived });
      },
      refused({ sequence }, error, arrived) {
        listening.refused(sequence, refusalIn(error), arrived);
      },
    });
  }

  [Symbol.dispose](): void {
    this.#line[Symbol.dispose]();
  }
}
