import { bind, setOptions, type Socket, socket } from "@posixly/socket";
import { type HostAddress, keyOf } from "./host.ts";
import { localRefusal, refusalIn } from "./icmp_reason.ts";
import { nameOf } from "../interface_name.ts";
import { rawAddress } from "../raw_address.ts";
import { Sounder } from "./sounder.ts";
import { soundingOptions } from "./sounding.ts";
import {
  reaching,
  type TraceListening,
  type TracePacket,
  type Tracer,
  type TracerAsks,
} from "./tracer.ts";

/**
 * Finds the way by datagrams to ports where nobody is expected, which takes no right: what routers
 * say is told by the socket's error queue, with the port that the datagram was for. Each has another.
 */
export class UdpTracer implements Tracer {
  readonly #target: HostAddress;
  readonly #port: number;
  readonly #payload: Uint8Array;
  readonly #socket: Socket;
  readonly #sounder: Sounder;

  constructor({ target, port, size, interface: name, address, vigil }: TracerAsks) {
    const { family } = target;
    this.#target = target;
    this.#port = port;
    this.#payload = Uint8Array.from({ length: size }, (_, i) => 0x40 + i % 0x40);
    this.#socket = socket(family, "datagram");
    this.#sounder = new Sounder(this.#socket, size);
    try {
      setOptions(this.#socket, { ...soundingOptions(family), bindToDevice: nameOf(name) });
      if (address !== undefined) bind(this.#socket, rawAddress(address, family));
      vigil.watch(this.#socket);
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  send(packet: TracePacket, listening: TraceListening): boolean {
    const { number, distance } = packet;
    const outgoing = {
      bytes: this.#payload,
      to: { ...this.#target, port: this.#port + number },
      control: reaching(this.#target.family, distance),
      departure: packet,
    };
    return this.#sounder.send([outgoing], (_, { code }) => {
      listening.refused(number, localRefusal(code), undefined);
    }) === 1;
  }

  take(listening: TraceListening): boolean {
    return this.#sounder.take({
      answered: ({ from, ttl, arrived }) => {
        const sender = from as HostAddress;
        if (keyOf(sender) !== keyOf(this.#target)) return; // anybody may send here
        listening.answered(sender.port - this.#port, { from: sender.host, ttl, arrived });
      },
      refused: (error, arrived) => {
        const to = error.destination as HostAddress | null;
        if (to !== null) listening.refused(to.port - this.#port, refusalIn(error), arrived);
      },
    });
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}
