import { deeper, type Filter, type Side } from "./filter.ts";
import { PORT_MAX } from "./reserved.ts";
import type { SocketState } from "./states.ts";

/**
 * Reads a filter as ss(8) takes it:
 *
 * - `sport`, `dport`: with `=`, `!=`, `<`, `<=`, `>`, `>=` (or `eq`, `ne`, `lt`, `le`, `gt`, `ge`)
 *   and the number of a port, with or without a colon before it
 * - `src`, `dst`: an address, a prefix (`10.0.0.0/8`, or `10/8`), either with a port
 *   (`127.0.0.1:80`, `[::1]:80`, `*:80`)
 * - `dev`: the name of an interface, or its index
 * - `state`, `exclude`: `established`, `syn-sent`, `syn-recv`, `fin-wait-1`, `fin-wait-2`,
 *   `time-wait`, `closed`, `close-wait`, `last-ack`, `listening`, `closing`, `unconnected`,
 *   `bound-inactive`, or the groups `all`, `connected`, `synchronized`, `bucket`, `big`
 * - `autobound`
 * - `not` (`!`), `and` (`&&`, or nothing), `or` (`||`), in that order of precedence, and brackets
 *
 * Names of hosts and services are not looked up. Neither the text nor what it is as data may be
 * nested more than 200 levels deep.
 *
 * @param text Such as `state established ( dport = 443 or dport = 80 )`; empty for all sockets
 * @returns The filter as data
 * @throws {TypeError | RangeError} If it is none; the message says where
 *
 * @example Usage
 * ```ts
 * import { parseFilter } from "@posixly/ports";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseFilter("sport >= :1024 and not dst 10.0.0.0/8"), {
 *   and: [{ localPort: { first: 1024, last: 65535 } }, { not: { remote: "10.0.0.0/8" } }],
 * });
 * ```
 */
export function parseFilter(text: string): Filter {
  if (typeof text !== "string") throw new TypeError(`text must be a string, not ${typeof text}`);
  const words = text.match(WORD) ?? [];
  if (words.join("") !== text.replace(/\s+/g, "")) {
    throw new TypeError(`Cannot parse filter ${JSON.stringify(text)}`);
  }
  const parser = new Parser(words);
  return words.length === 0 ? { and: [] } : parser.whole();
}

/** Brackets, operators, and whatever is between. */
const WORD = /[()]|[<>]=?|!=|!|==?|&&?|\|\|?|[^\s()<>=!&|]+/g;

const COMPARISONS: Readonly<Record<string, string>> = {
  "=": "=",
  "==": "=",
  eq: "=",
  "!=": "!=",
  ne: "!=",
  neq: "!=",
  "<": "<",
  lt: "<",
  "<=": "<=",
  le: "<=",
  leq: "<=",
  ">": ">",
  gt: ">",
  ">=": ">=",
  ge: ">=",
  geq: ">=",
};

const closing: readonly SocketState[] = [
  "finWait1",
  "finWait2",
  "closeWait",
  "lastAck",
  "closing",
];
const big: readonly SocketState[] = ["established", "synSent", ...closing];
const synchronized: readonly SocketState[] = [
  "established",
  "synReceived",
  "timeWait",
  ...closing,
];
const connected: readonly SocketState[] = ["synSent", ...synchronized];

const stateWords: Readonly<Record<string, readonly SocketState[]>> = {
  established: ["established"],
  "syn-sent": ["synSent"],
  "syn-recv": ["synReceived"],
  "fin-wait-1": ["finWait1"],
  "fin-wait-2": ["finWait2"],
  "time-wait": ["timeWait"],
  closed: ["closed"],
  unconnected: ["unconnected"],
  "close-wait": ["closeWait"],
  "last-ack": ["lastAck"],
  listening: ["listening"],
  listen: ["listening"],
  closing: ["closing"],
  "bound-inactive": ["boundInactive"],
  connected,
  synchronized,
  bucket: ["synReceived", "timeWait"],
  big: [...big, "closed", "listening"],
  all: [...connected, "closed", "listening"],
};

class Parser {
  readonly #words: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  whole(): Filter {
    const filter = this.#or();
    if (this.#word !== undefined) throw this.#error("nothing");
    return filter;
  }

  #or(): Filter {
    const parts = [this.#and()];
    while (this.#take("or", "||", "|")) parts.push(this.#and());
    return parts.length === 1 ? parts[0] : { or: parts };
  }

  #and(): Filter {
    const parts = [this.#unary()];
    while (this.#take("and", "&&", "&") || this.#continues()) parts.push(this.#unary());
    return parts.length === 1 ? parts[0] : { and: parts };
  }

  /** Whether what follows is to hold as well, without an `and`. */
  #continues(): boolean {
    return this.#word !== undefined && ![")", "or", "||", "|"].includes(this.#word);
  }

  #unary(): Filter {
    if (this.#take("not", "!")) return this.#inner(() => ({ not: this.#unary() }));
    if (this.#take("(")) return this.#inner(() => this.#bracket());
    return this.#term();
  }

  #inner(read: () => Filter): Filter {
    const outside = this.#depth;
    this.#depth = deeper(outside);
    const filter = read();
    this.#depth = outside;
    return filter;
  }

  #bracket(): Filter {
    const filter = this.#or();
    if (!this.#take(")")) throw this.#error("a closing bracket");
    return filter;
  }

  #term(): Filter {
    if (this.#take("sport")) return this.#port("local");
    if (this.#take("dport")) return this.#port("remote");
    if (this.#take("src")) return this.#equality((word) => hostFilter("local", word));
    if (this.#take("dst")) return this.#equality((word) => hostFilter("remote", word));
    if (this.#take("dev")) return this.#equality((word) => ({ interface: numberOr(word) }));
    if (this.#take("state")) return { state: this.#states() };
    if (this.#take("exclude")) return { not: { state: this.#states() } };
    if (this.#take("autobound")) return { autoBound: true };
    throw this.#error("a condition");
  }

  #port(side: Side): Filter {
    const comparison = this.#comparison();
    return portFilter(side, comparison, portOf(this.#next("a port")));
  }

  #equality(meaning: (word: string) => Filter): Filter {
    const comparison = this.#comparison();
    if (comparison !== "=" && comparison !== "!=") throw this.#error("= or != before");
    const filter = meaning(this.#next("a value"));
    return comparison === "=" ? filter : { not: filter };
  }

  #comparison(): string {
    const comparison = Object.hasOwn(COMPARISONS, this.#word ?? "") && COMPARISONS[this.#word!];
    if (!comparison) return "=";
    this.#at++;
    return comparison;
  }

  #states(): readonly SocketState[] {
    const word = this.#next("a state").toLowerCase();
    if (!Object.hasOwn(stateWords, word)) throw new TypeError(`There is no state ${word}`);
    return stateWords[word];
  }

  get #word(): string | undefined {
    return this.#words[this.#at];
  }

  #take(...words: string[]): boolean {
    const isThere = this.#word !== undefined && words.includes(this.#word);
    if (isThere) this.#at++;
    return isThere;
  }

  #next(wanted: string): string {
    if (this.#word === undefined) throw this.#error(wanted);
    return this.#words[this.#at++];
  }

  #error(wanted: string): TypeError {
    const place = [...this.#words.slice(0, this.#at), "<here>", ...this.#words.slice(this.#at)];
    return new TypeError(`Cannot parse filter: there should be ${wanted} in "${place.join(" ")}"`);
  }
}

function portFilter(side: Side, comparison: string, port: number): Filter {
  const within = (first: number, last: number): Filter => {
    const range = first === last ? first : { first, last };
    return side === "local" ? { localPort: range } : { remotePort: range };
  };
  switch (comparison) {
    case "<=":
      return within(0, port);
    case ">=":
      return within(port, PORT_MAX);
    case "<":
      return { not: within(port, PORT_MAX) };
    case ">":
      return { not: within(0, port) };
    case "!=":
      return { not: within(port, port) };
    default:
      return within(port, port);
  }
}

function portOf(word: string): number {
  const [, digits] = /^:?(\d+)$/.exec(word) ?? [];
  if (digits === undefined) throw new TypeError(`There is no port ${JSON.stringify(word)}`);
  const port = Number(digits);
  if (port > PORT_MAX) throw new RangeError(`A port must be at most ${PORT_MAX}, not ${digits}`);
  return port;
}

function numberOr(word: string): string | number {
  return /^\d+$/.test(word) ? Number(word) : word;
}

/** An address, a port, or both; `*` is any. */
function hostFilter(side: Side, word: string): Filter {
  const [, host, port] = /^(\[[^\]]*\](?:\/\d+)?|[^:]*|.*:.*:.*?)(?::(\d+|\*))?$/.exec(word) ?? [];
  if (host === undefined) throw new TypeError(`There is no address ${JSON.stringify(word)}`);
  const address = withZeros(host.replace(/[[\]]/g, ""));
  const parts: Filter[] = [];
  if (address !== "" && address !== "*") {
    parts.push(side === "local" ? { local: address } : { remote: address });
  }
  if (port !== undefined && port !== "*") parts.push(portFilter(side, "=", portOf(port)));
  return parts.length === 1 ? parts[0] : { and: parts };
}

/** A prefix of IPv4 with the bytes that it leaves out, which are 0: `127/8` is `127.0.0.0/8`. */
function withZeros(address: string): string {
  return address.replace(/^\d+(\.\d+){0,2}(?=\/)/, (bytes) => (
    bytes + ".0".repeat(4 - bytes.split(".").length)
  ));
}
