import { ancillaryAddress } from "./ancillary.ts";
import { codeOf, meanings, type Mode } from "./codes.ts";
import { FilterError, type FilterPlace } from "./filter_error.ts";
import { opposites, type Unchecked } from "./operation.ts";

/** An operation with its place, and how it may be called. */
export interface Statement {
  readonly operation: Unchecked;
  readonly labels: readonly string[];
  readonly place: FilterPlace;
}

/** Reads the text of a program: one statement a line. */
export function parseAssembly(text: string): Statement[] {
  const statements: Statement[] = [];
  let labels: string[] = [];
  for (const [i, whole] of withoutComments(text).split("\n").entries()) {
    const line = new Line(whole.trim().replace(/\s+/g, " "), i + 1);
    line.takeNumber(statements.length);
    labels.push(...line.takeLabels());
    const operation = line.takeOperation();
    if (operation === undefined) continue;
    statements.push({ operation, labels, place: { line: i + 1 } });
    labels = [];
  }
  if (labels.length > 0) throw new FilterError(`nothing comes after label ${labels[0]}`);
  return statements;
}

/** Comments go, each of which may speak of others; the lines of those that have several stay. */
function withoutComments(text: string): string {
  const comment = /\/\*[^]*?(\*\/|$)|(;|\/\/).*/g;
  return text.replace(comment, (found) => found.replace(/[^\n]+/g, " "));
}

const NUMBER = String.raw`[-+]?\s*(?:0x[\da-f]+|0b[01]+|\d+)`;
const asExpression = (source: string) =>
  new RegExp(`^${source.replaceAll(" ", String.raw`\s*`).replace("N", `(${NUMBER})`)}$`, "i");

const forms = {
  at: asExpression(String.raw`\[ N \]`),
  xPlus: asExpression(String.raw`\[ %?x \+ N \]`),
  memory: asExpression(String.raw`M \[ N \]`),
  header: asExpression(String.raw`4 \* \( \[ N \] & 0xf \)`),
  value: asExpression("# N"),
};
const plain = asExpression("N");

/** Mnemonics that are another's with a certain operand. */
const immediates: Readonly<Record<string, string>> = { ldi: "ld", ldxi: "ldx" };

class Line {
  #rest: string;
  readonly #line: number;

  constructor(text: string, line: number) {
    this.#rest = text;
    this.#line = line;
  }

  #error(reason: string): FilterError {
    return new FilterError(reason, { line: this.#line });
  }

  /** The `(007)` that tcpdump begins with. */
  takeNumber(expected: number): void {
    const [all, number] = /^\((\d+)\)\s*/.exec(this.#rest) ?? [];
    if (all === undefined) return;
    if (Number(number) !== expected) {
      throw this.#error(`instruction ${expected} says that it is ${Number(number)}`);
    }
    this.#rest = this.#rest.slice(all.length);
  }

  takeLabels(): string[] {
    const [all] = /^(?:[a-z_]\w*\s*:\s*)*/i.exec(this.#rest)!;
    this.#rest = this.#rest.slice(all.length);
    return all.match(/\w+/g) ?? [];
  }

  takeOperation(): Unchecked | undefined {
    if (this.#rest === "") return undefined;
    const [, mnemonic, operand] = /^(\w+)\s*(.*)$/.exec(this.#rest) ?? [];
    if (mnemonic === undefined) throw this.#error(`${this.#rest} is no instruction`);
    const op = mnemonic.toLowerCase();
    if (op === "ja" || op === "jmp") return { op: "ja", to: this.#target(operand) };
    if (op === "jneq") return this.#condition("jne", operand);
    if (op.startsWith("j")) return this.#condition(op, operand);
    if (Object.hasOwn(immediates, op)) return this.#immediate(immediates[op], operand);
    if (op === "ldx" && forms.header.test(operand)) return this.#operation("ldxb", operand);
    return this.#operation(op, operand);
  }

  #immediate(op: string, operand: string): Unchecked {
    const [, number] = plain.exec(operand) ?? forms.value.exec(operand) ?? [];
    if (number === undefined) throw this.#error(`${op} takes a number, not ${operand}`);
    return { op, value: this.#number(number) };
  }

  #condition(op: string, text: string): Unchecked {
    const [, tcpdump, jt, jf] = /^(.*?)\s+jt\s+(\S+)\s+jf\s+(\S+)$/.exec(text) ?? [];
    const [operand, then, otherwise, ...more] = tcpdump === undefined
      ? text.split(",").map((part) => part.trim())
      : [tcpdump, jt, jf];
    if (then === undefined || more.length > 0) {
      throw this.#error(`${op} takes something to compare with and one or two targets`);
    }
    const fails = otherwise === undefined ? {} : { else: this.#target(otherwise) };
    return { ...this.#operation(op, operand), then: this.#target(then), ...fails };
  }

  #target(text: string): string | number {
    if (/^\d+$/.test(text)) return Number(text);
    if (/^[a-z_]\w*$/i.test(text)) return text;
    throw this.#error(`a jump goes to a label or a number, not to ${text || "nothing"}`);
  }

  #operation(op: string, text: string): Unchecked {
    const operand = this.#operand(op, text);
    const mode = operand && (Object.keys(operand)[0] ?? "none");
    const known = Object.hasOwn(opposites, op) ? opposites[op] : op;
    const code = mode && codeOf(known, mode === "ancillary" ? "at" : mode as Mode);
    if (code !== undefined) return { op, ...operand };
    const isKnown = [...meanings.values()].some((meaning) => meaning.op === known);
    throw this.#error(
      isKnown ? `${op} cannot be done with ${text || "nothing"}` : `there is no instruction ${op}`,
    );
  }

  /** The operand by its mode, if it is one. */
  #operand(op: string, text: string): Unchecked | undefined {
    for (const [mode, form] of Object.entries(forms)) {
      const number = form.exec(text)?.[1];
      if (number !== undefined) return { [mode]: this.#number(number) };
    }
    if (/^%?x$/i.test(text)) return { x: true };
    if (/^%?a$/i.test(text)) return { a: true };
    if (/^#?(len|pktlen)$/.test(text)) return { length: true };
    if (text === "") return op === "ret" ? { a: true } : {};
    const [, bare, inBrackets] = /^(?:#?(\w+)|\[(\w+)\])$/.exec(text) ?? [];
    const ancillary = bare ?? inBrackets;
    const isThere = ancillary !== undefined && ancillaryAddress(ancillary) !== undefined;
    return isThere ? { ancillary } : undefined;
  }

  #number(text: string): number {
    const digits = text.replace(/[-+\s]/g, "");
    // As in C: a 0 before other digits makes them octal.
    const value = Number(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
    if (Number.isNaN(value)) throw this.#error(`${text} is no number`);
    return text.startsWith("-") ? -value : value;
  }
}
