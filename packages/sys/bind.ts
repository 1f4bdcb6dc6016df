import { ffi } from "#ffi";
import type { RawFunction } from "./backend.ts";
import { Lent } from "./lent.ts";
import { type BindOptions, libraryOf } from "./library.ts";
import { requireName } from "./options.ts";
import { requireSupportedPlatform } from "./platform.ts";
import { type Source, sourceOf } from "./source.ts";
import { takesOneBuffer, Twins } from "./twins.ts";
import type { ArgumentType, Bound, ResultType, Signature, Signatures } from "./types.ts";

/**
 * Binds functions of the C library, or of another one.
 *
 * A bound function does what the kernel does: it returns `n >= 0`, or `-errno`.
 * It never throws for a failed call; {@linkcode ok} turns a negative result into
 * an error. A function that this C library lacks returns `-ENOSYS`.
 *
 * Arguments are not checked here, since this is the hot path: a caller checks
 * them once, with {@linkcode requireInteger} and its kin. Nothing is
 * opened until a function is first used, so that binding costs no permission. The
 * result's functions may be replaced, which is how tests inject faults.
 *
 * Functions of another library are no system calls: they return what C returns, and errno has no
 * part in it, but for a result declared as `errno`, which is negated. One that the library lacks
 * throws when it is called.
 *
 * @param signatures The result type of each function, then its argument types
 * @param options Which library, if it is not that of C
 * @returns An object with one function for each signature
 * @throws {UnsupportedPlatformError} At the first use, on anything but Linux on
 * x64 or arm64
 * @throws {LibraryNotFoundError} At the first use, if the library cannot be opened
 * @throws {TypeError} If there is no such type, or an option is not as described
 *
 * @example A system call in two lines
 * ```ts
 * import { bind, ok } from "@posixly/sys";
 * import assert from "node:assert/strict";
 *
 * const libc = bind({ getpgid: ["i32", "i32"] });
 * assert.ok(ok(libc.getpgid(0), "getpgid") > 0);
 * assert.throws(() => ok(libc.getpgid(-1), "getpgid"), { code: "ESRCH" });
 * ```
 */
export function bind<const S extends Signatures>(
  signatures: S,
  options: BindOptions = {},
): Bound<S> {
  const names = Object.keys(signatures);
  for (const name of names) requireTypes(name, signatures[name]);
  const library = libraryOf(options);

  // The accessors live on the prototype and are shadowed by plain properties
  // once the library is open. A call site thus only ever meets the
  // final function, which V8 needs to see to inline the call into C.
  const unopened = {};
  const bound = Object.create(unopened);
  function open(): void {
    requireSupportedPlatform();
    const source = sourceOf(library);
    const raw = source.functions(signatures);
    const twins = new Twins(signatures, source);
    for (const name of names) {
      define(bound, name, cook(name, signatures[name], raw[name], source, twins));
    }
  }
  for (const name of names) {
    Object.defineProperty(unopened, name, {
      get() {
        open();
        return bound[name];
      },
      set(replacement) {
        open();
        bound[name] = replacement;
      },
    });
  }
  return bound;
}

function define(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** What C returns for "failed" when a pointer is expected, as `mmap` does. */
const MINUS_ONE_AS_ADDRESS = 0xffff_ffff_ffff_ffffn;

/** How each type is handed over: Deno takes no -0, and -0 + 0 is 0. */
const PASSED: Record<ArgumentType, (argument: string) => string> = {
  i32: (argument) => `${argument} + 0`,
  u32: (argument) => `${argument} + 0`,
  i64: (argument) => `wide(${argument})`,
  u64: (argument) => `wide(${argument})`,
  buffer: (argument) => argument,
  address: (argument) => argument,
};

/** What becomes of each result where -1 stands for errno. */
const FOLDED = {
  i32: (call: string) => `const n = ${call}; return n === -1 ? -errno[0] : n;`,
  u32: (call: string) => `return ${call};`,
  i64: (call: string, passed: string[]) =>
    `const n = narrow(${call}); return n === -1 ? again(${passed}) : n;`,
  address: (call: string) => `const n = ${call}; return n === failed ? -errno[0] : n;`,
  errno: (call: string) => `return 0 - (${call});`,
};

/** What becomes of each result elsewhere. */
const PLAIN: typeof FOLDED = {
  ...FOLDED,
  i32: (call) => `return ${call};`,
  i64: (call) => `return narrow(${call});`,
  address: (call) => `return ${call};`,
};

const argumentTypes = Object.keys(PASSED) as ArgumentType[];
const resultTypes = Object.keys(FOLDED) as ResultType[];

function requireTypes(name: string, [result, ...args]: Signature): void {
  requireName(resultTypes, result, `the result of ${name}`);
  for (const type of args) requireName(argumentTypes, type, `an argument of ${name}`);
}

/** Folds errno into the result of a C function. */
function cook(
  name: string,
  [result, ...args]: Signature,
  raw: RawFunction | undefined,
  source: Source,
  twins: Twins,
): RawFunction {
  if (raw === undefined) return source.lacking(name);
  const parameters = args.map((_, i) => `a${i}`);
  const passed = args.map((type, i) => PASSED[type](`a${i}`));
  const call = takesOneBuffer(args)
    ? callWithBuffer(passed, args.indexOf("buffer"))
    : `raw(${passed})`;
  const again = askAgain(() => twins.get("short", name), raw, source);
  const body = (source.errno === undefined ? PLAIN : FOLDED)[result](call, passed);

  // Source text, not one closure shared by all: V8 inlines a C function only
  // into code that always calls the same one. Measured: 25% to 45% of a call.
  // A method, since the name of a function would hide what it calls, if that is called the same.
  const key = JSON.stringify(name);
  try {
    return new Function(
      "raw, lent, again, errno, wide, narrow, failed",
      `return { ${key}(${parameters}) { ${body} } }[${key}];`,
    )(
      raw,
      new Lent(() => twins.get("near", name)),
      again,
      source.errno,
      ffi.wide,
      narrow,
      MINUS_ONE_AS_ADDRESS,
    );
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return cookWithoutEval([result, ...args], raw, again, source);
  }
}

/**
 * The errno of a call with a 64-bit result that has failed. Such a result may be a bigint, and making
 * room for that may make the runtime collect garbage and make calls of its own before errno
 * is read. So the call is made once more, which fails the same way, for a result of 32 bits.
 */
function askAgain(short: () => RawFunction, raw: RawFunction, source: Source): RawFunction {
  return (...passed) => short()(...passed) === -1 ? -source.errno![0] : narrow(raw(...passed));
}

/**
 * The call of a function that takes one buffer: by its address if it is the one known. A
 * buffer that was detached since has no length. (`byteLength` would do for a `DataView` too, but Node
 * 20 does not inline it.)
 */
function callWithBuffer(passed: string[], at: number): string {
  const buffer = passed[at];
  const near = `lent.near(${passed.with(at, "lent.address")})`;
  const raw = `raw(${passed.with(at, `lent.meet(${buffer})`)})`;
  return `${buffer} === lent.view && ${buffer}.length > 0 ? ${near} : ${raw}`;
}

/** The same where code generation from strings is switched off; slower. */
function cookWithoutEval(
  [result, ...args]: Signature,
  raw: RawFunction,
  again: RawFunction,
  source: Source,
): RawFunction {
  const isWide = args.map((type) => type === "i64" || type === "u64");
  const errnoOfThread = source.errno;
  return (...values) => {
    const passed = values.map((value, i) => isWide[i] ? ffi.wide(value) : value === 0 ? 0 : value);
    const given = raw(...passed);
    if (errnoOfThread === undefined && result === "address") return given;
    const n = narrow(given);
    if (result === "errno") return 0 - Number(n);
    if (result === "u32" || errnoOfThread === undefined) return n;
    if (result === "i64") return n === -1 ? again(...passed) : n;
    return n === (result === "address" ? MINUS_ONE_AS_ADDRESS : -1) ? -errnoOfThread[0] : n;
  };
}

/** A number where it is exact, a bigint beyond: koffi calls 2 ** 53 a number still. */
function narrow(value: number | bigint): number | bigint {
  const n = Number(value);
  return Number.isSafeInteger(n) ? n : BigInt(value);
}
