import type { Buffer } from "node:buffer";
import { STATUS_CODES } from "node:http";
import type { Answer } from "./answer.ts";
import type { Header } from "./http_error.ts";
import { Parcels } from "./parcels.ts";

/** What is said of the connection; nothing if it goes on, and HTTP/1.1 says so by itself. */
export type ConnectionOption = "" | "close" | "keep-alive";

/** Writes the heads of answers. */
export class HeadWriter {
  /** Whole answers that go on as before, where HTTP/1.1 goes without saying. */
  readonly parcels: Parcels = new Parcels();
  readonly #extra: readonly Header[];
  readonly #extraNames: ReadonlySet<string>;
  /** The lines of an answer but for those that change, for as long as the answer is kept. */
  readonly #known = new WeakMap<Answer, string>();

  /** @param extra What each answer says, instead of what it may say under these names itself */
  constructor(extra: readonly Header[]) {
    this.#extra = extra;
    this.#extraNames = new Set(extra.map(([name]) => name.toLowerCase()));
  }

  /**
   * Writes a head.
   *
   * @returns How many bytes it has
   * @throws {RangeError} If there is no room for it
   */
  write(into: Buffer, answer: Answer, connection: ConnectionOption, date: string): number {
    const option = connection === "" ? "" : `Connection: ${connection}\r\n`;
    const head = `${this.#linesOf(answer)}Date: ${date}\r\n${option}\r\n`;
    if (head.length > into.length) throw new RangeError("The head of the answer is too long");
    return into.write(head, 0, "latin1");
  }

  #linesOf(answer: Answer): string {
    const known = this.#known.get(answer);
    if (known !== undefined) return known;
    const { status, headers } = answer;
    const own = headers.filter(([name]) => !this.#extraNames.has(name.toLowerCase()));
    const lines = [...own, ...this.#extra].map(([name, value]) => `${name}: ${value}\r\n`);
    const text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}`;
    this.#known.set(answer, text);
    return text;
  }
}
