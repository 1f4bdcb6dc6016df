import { createHmac, randomBytes } from "node:crypto";
import type { ExactTime } from "@posixly/fd";
import { bind, localAddress, type QueuedError, type Socket, socket } from "@posixly/socket";
import { rawSocket } from "../create_raw_socket.ts";
import { withoutIpv4 } from "./echo.ts";
import type { HostAddress, IpFamily } from "./host.ts";
import type { RawSocket } from "../raw_socket.ts";
import type { ProbeAsks } from "./probe_options.ts";
import { Sounder } from "./sounder.ts";
import { attachSoundingFilter, soundingOptions } from "./sounding.ts";
import { ipv4, Ipv4Packet, ipv6, Ipv6Packet, packet, tcp, TcpSegment } from "../wire/mod.ts";

/** An answer to one of our SYNs: which port of the target said what. */
export interface SynAnswer {
  readonly port: number;
  /** Which of the SYNs to this port it was, from 0. */
  readonly attempt: number;
  readonly says: "syn-ack" | "rst";
  readonly ttl: number | undefined;
  readonly arrived: ExactTime | undefined;
}

/** Who is told what comes back. */
export interface SynListening {
  answered(answer: SynAnswer): void;
  refused(port: number, attempt: number, error: QueuedError, arrived: ExactTime | undefined): void;
}

/** The largest segment of an Ethernet without anything in between. */
const MSS: Readonly<Record<IpFamily, number>> = { ipv4: 1460, ipv6: 1440 };
const WINDOW = 64_240;

const HEADER = 20;
const SYN_LENGTH = HEADER + 4;

/**
 * Sends SYNs to the ports of one host, and knows the answers to them. Their sequence numbers are a
 * keyed hash of addresses and ports, as those of SYN cookies are: an answer is one to us if it
 * acknowledges the number, and nothing has to be remembered of what was sent.
 */
export class SynLine implements Disposable {
  readonly socket: RawSocket;
  readonly sounder: Sounder;
  /** Bound and no more: it keeps others from our port. */
  readonly #holder: Socket | undefined;
  readonly #family: IpFamily;
  readonly #attempts: number;
  readonly #port: number;
  readonly #secret = randomBytes(32);
  readonly #addresses: string;
  /** A SYN with its header of IP, for the checksum. */
  readonly #ip: Ipv4Packet | Ipv6Packet;
  readonly #segment: TcpSegment;

  constructor(
    target: HostAddress,
    attempts: number,
    { interface: name, address }: Pick<ProbeAsks, "interface" | "address">,
  ) {
    const { family } = target;
    this.#family = family;
    this.#attempts = attempts;
    // Connected, it has the address that the routes want, and hears of nobody else.
    const options = soundingOptions(family);
    this.socket = rawSocket(family, "tcp", { interface: name, address, peer: target, options });
    try {
      const holder = this.#holder = socket(family, "stream");
      const own = localAddress(this.socket) as HostAddress;
      bind(holder, { ...own, port: 0 });
      this.#port = (localAddress(holder) as HostAddress).port;
      attachSoundingFilter(this.socket, toPort(family, this.#port));
      this.#addresses = `${own.host} ${target.host}`;
      const bytes = synPacket(own.host, target, this.#port);
      this.#ip = (family === "ipv4" ? Ipv4Packet : Ipv6Packet).parse(bytes);
      this.#segment = TcpSegment.parse(bytes, bytes.length - SYN_LENGTH);
      this.sounder = new Sounder(this.socket, SYN_LENGTH);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** A SYN to be sent. */
  syn(port: number, attempt: number): Uint8Array<ArrayBuffer> {
    const segment = this.#segment;
    segment.destinationPort = port;
    segment.sequence = this.#sequence(port) + attempt >>> 0;
    segment.updateChecksum(this.#ip);
    return segment.bytes.slice(segment.start) as Uint8Array<ArrayBuffer>;
  }

  #sequence(port: number): number {
    const hash = createHmac("sha256", this.#secret);
    return hash.update(`${this.#addresses} ${this.#port} ${port}`).digest().readUInt32BE();
  }

  /** Which SYN to a port has this number; `undefined` if none of ours. */
  #attempt(port: number, sequence: number): number | undefined {
    const attempt = sequence - this.#sequence(port) >>> 0;
    return attempt < this.#attempts ? attempt : undefined;
  }

  /**
   * Takes what there is. Checksums are not looked at: of what never left this machine they are not
   * computed.
   *
   * @returns Whether there may be more
   */
  take(listening: SynListening): boolean {
    return this.sounder.take({
      answered: ({ bytes, ttl, arrived }) => {
        const message = this.#family === "ipv4" ? withoutIpv4(bytes) : bytes;
        const segment = segmentIn(message);
        if (segment === undefined) return;
        const { sourcePort: port, acknowledgment, syn, ack, rst } = segment;
        const attempt = ack ? this.#attempt(port, acknowledgment - 1) : undefined;
        if (attempt === undefined || !(syn || rst)) return;
        listening.answered({ port, attempt, says: rst ? "rst" : "syn-ack", ttl, arrived });
      },
      refused: (error, arrived) => {
        const quote = error.bytes;
        if (quote.length < 8 || (quote[0] << 8 | quote[1]) !== this.#port) return;
        const port = quote[2] << 8 | quote[3];
        const sequence = (quote[4] << 24 | quote[5] << 16 | quote[6] << 8 | quote[7]) >>> 0;
        const attempt = this.#attempt(port, sequence);
        if (attempt !== undefined) listening.refused(port, attempt, error, arrived);
      },
    });
  }

  [Symbol.dispose](): void {
    this.#holder?.close();
    this.socket.close();
  }
}

function synPacket(own: string, { family, host }: HostAddress, port: number): Uint8Array {
  const addresses = { source: own, destination: host };
  const syn = tcp({
    sourcePort: port,
    destinationPort: 0,
    flags: { syn: true },
    window: WINDOW,
    options: [{ kind: "mss", size: MSS[family] }],
  });
  return packet(family === "ipv4" ? ipv4(addresses) : ipv6(addresses), syn);
}

/** Only what is for our port. IPv4 comes with its header, IPv6 without. */
function toPort(family: IpFamily, port: number): string {
  const load = family === "ipv4" ? "ldxb 4*([0]&0xf)\nldh [x + 2]" : "ldh [2]";
  return `${load}\njeq #${port}, keep, drop\nkeep: ret #-1\ndrop: ret #0`;
}

/** The segment, unless it is none. */
function segmentIn(bytes: Uint8Array): TcpSegment | undefined {
  const length = bytes.length < HEADER ? 0 : (bytes[12] >>> 4) * 4;
  return length < HEADER || length > bytes.length ? undefined : TcpSegment.parse(bytes);
}
