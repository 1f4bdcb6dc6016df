import { ffi } from "#ffi";
import type { RawFunction } from "./backend.ts";
import type { Source } from "./source.ts";
import type { ArgumentType, Signature, Signatures } from "./types.ts";

/** The forms that a function may have beside its own; nothing where it needs none. */
const forms = {
  /** An address in place of its one buffer. */
  near: ([result, ...args]: Signature): Signature | undefined =>
    takesOneBuffer(args)
      ? [result, ...args.map((type) => type === "buffer" ? "address" : type)]
      : undefined,
  /** The result cut to 32 bits. */
  short: ([result, ...args]: Signature): Signature | undefined =>
    result === "i64" ? ["i32", ...args] : undefined,
};

/** Whether a function takes one buffer, and no more. */
export function takesOneBuffer(args: readonly ArgumentType[]): boolean {
  return args.filter((type) => type === "buffer").length === 1;
}

/**
 * Other forms of the functions of a table. They are bound when they are first needed, since most
 * never are; or all at once with the table, where binding is only safe then.
 */
export class Twins {
  readonly #signatures: Signatures;
  readonly #source: Source;
  readonly #bound: Record<string, RawFunction | undefined> = {};

  constructor(signatures: Signatures, source: Source) {
    this.#signatures = signatures;
    this.#source = source;
    if (!ffi.bindsAnyTime) this.#bound = source.functions(twinsOf(signatures));
  }

  /** A function in another form, which it must have. */
  get(form: keyof typeof forms, name: string): RawFunction {
    const key = keyOf(form, name);
    const bind = () => this.#source.functions({ [key]: forms[form](this.#signatures[name])! })[key];
    return (this.#bound[key] ??= bind())!;
  }
}

/** C knows a function by what is before the first `$`. */
function keyOf(form: keyof typeof forms, name: string): string {
  return `${name}$$${form}`;
}

function twinsOf(signatures: Signatures): Signatures {
  const twins: Record<string, Signature> = {};
  for (const [name, signature] of Object.entries(signatures)) {
    for (const form of Object.keys(forms) as (keyof typeof forms)[]) {
      const twin = forms[form](signature);
      if (twin !== undefined) twins[keyOf(form, name)] = twin;
    }
  }
  return twins;
}
