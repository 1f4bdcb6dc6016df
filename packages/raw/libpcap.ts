import {
  type Address,
  copyCString,
  copyMemory,
  cstring,
  fromCString,
  toAddress,
} from "@posixly/sys";
import { bpfProgram, libpcap, PCAP_ERRBUF_SIZE } from "./libc.ts";

/** What libpcap did not want, in its own words. */
export class LibpcapError extends Error {}

/** Something that libpcap compiles for, pcap(3pcap). */
export class LibpcapHandle implements Disposable {
  readonly #handle: Address;

  private constructor(handle: Address) {
    this.#handle = handle;
  }

  /** A kind of link that is not there, pcap_open_dead(3pcap). */
  static ofLink(link: number, snapLength: number): LibpcapHandle {
    const handle = libpcap.pcap_open_dead(link, snapLength);
    if (isNull(handle)) throw new LibpcapError("there is no memory left");
    return new LibpcapHandle(handle);
  }

  /** An interface of this machine, pcap_activate(3pcap). */
  static ofInterface(name: string, snapLength: number): LibpcapHandle {
    const reason = new Uint8Array(PCAP_ERRBUF_SIZE);
    const created = libpcap.pcap_create(cstring(name, "interface"), reason);
    if (isNull(created)) throw new LibpcapError(`interface ${name}: ${fromCString(reason)}`);
    const handle = new LibpcapHandle(created);
    libpcap.pcap_set_snaplen(created, snapLength);
    const status = libpcap.pcap_activate(created);
    if (status >= 0) return handle; // above 0 it is a warning
    const why = handle.#error() || `libpcap cannot open it, and calls that ${status}`;
    handle[Symbol.dispose]();
    throw new LibpcapError(`interface ${name}: ${why}`);
  }

  /** The instructions of an expression, pcap_compile(3pcap). */
  compile(expression: string, optimize: boolean, netmask: number): Uint8Array<ArrayBuffer> {
    const program = new Uint8Array(bpfProgram.size);
    const text = cstring(expression, "expression");
    if (libpcap.pcap_compile(this.#handle, program, text, Number(optimize), netmask) < 0) {
      throw new LibpcapError(this.#error());
    }
    try {
      const { bf_len, bf_insns } = bpfProgram.decode(program);
      return copyMemory(toAddress(bf_insns), bf_len * 8);
    } finally {
      libpcap.pcap_freecode(program);
    }
  }

  /** What it said last, which is a part of the handle. */
  #error(): string {
    return fromCString(copyCString(libpcap.pcap_geterr(this.#handle)));
  }

  /** To be called once. */
  [Symbol.dispose](): void {
    libpcap.pcap_close(this.#handle);
  }
}

function isNull(address: Address): boolean {
  return Number(address) === 0;
}
