// Compares the signatures we bind with C's own. A C++ template takes a function's type apart:
// `read: s8 s4 p8 u8` returns 8 signed bytes and takes 4 signed bytes, a pointer, 8 unsigned bytes.
import { readFileSync } from "node:fs";
import ts from "typescript";

/** The tables that a file hands to `bind`: `[name, [result, ...args]]`, again and again. */
export function signaturesOf(file) {
  const found = [];
  const visit = (node) => {
    if (ts.isCallExpression(node) && node.expression.getText() === "bind") {
      for (const { name, initializer } of node.arguments[0].properties) {
        found.push([name.text, initializer.elements.map((type) => type.text)]);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true));
  return found;
}

/**
 * Prints the type of each function, in the order of the signatures. Declared is enough: one of
 * another library than that of C is not linked.
 */
export function signatureProgram(headers, signatures) {
  return `#include <cstdio>
#include <type_traits>
${headers.map((header) => `#include <${header}>`).join("\n")}
template <class T> void part() {
  if constexpr (std::is_void_v<T>) printf(" v0");
  else printf(" %c%zu", std::is_pointer_v<T> ? 'p' : std::is_signed_v<T> ? 's' : 'u', sizeof(T));
}
template <class R, class... A> void show(R (*)(A...)) {
  part<R>(), (part<A>(), ...), puts("");
}
template <class R, class... A> void show(R (*)(A..., ...)) {
  part<R>(), (part<A>(), ...), puts(" ...");
}
int main() {
${signatures.map(([name]) => `  show(decltype(&${name.split("$")[0]})());`).join("\n")}
}
`;
}

/**
 * What may stand for what. Sizes may be declared in 32 bits, since ours are checked to fit; a
 * result in 32 bits holds every count, which the kernel keeps below 2 GiB. What is narrower than
 * a register fills one all the same.
 */
const accepts = {
  argument: {
    i32: /^[su][124]$/,
    u32: /^([su][124]|u8)$/,
    i64: /^[su]8$/,
    u64: /^[su]8$/,
    buffer: /^p8$/,
    address: /^p8$/,
  },
  result: {
    i32: /^(s4|s8)$/,
    u32: /^(u4|v0)$/,
    i64: /^[su]8$/,
    address: /^p8$/,
    errno: /^s4$/,
  },
};

/**
 * How many arguments x86-64 hands over in registers, where a shorter one is widened. On the stack
 * Deno leaves the upper half as it was.
 */
const IN_REGISTERS = 6;

/** A line for each signature that does not fit its prototype. */
export function compareSignatures(signatures, prototypes) {
  return signatures.flatMap(([name, [result, ...args]], i) => {
    const [returned, ...taken] = prototypes[i].trim().split(" ");
    const isVariadic = taken.at(-1) === "...";
    if (isVariadic) taken.pop();
    if (name.startsWith("syscall$")) taken[0] = "s4"; // a `long`, but no number is that long
    // `syscall` takes six longs, whatever they are to the kernel.
    const widths = name.startsWith("syscall$") ? args.map(() => "s8") : taken;
    const onStack = args.findIndex((arg, i) => (
      i >= IN_REGISTERS && /32$/.test(arg) && /8$/.test(widths[i] ?? "s8")
    ));
    if (onStack !== -1) return [`${name}: argument ${onStack + 1} is on the stack, so declare u64`];
    const fits = accepts.result[result].test(returned) &&
      (isVariadic ? args.length >= taken.length : args.length === taken.length) &&
      taken.every((type, i) => accepts.argument[args[i]].test(type));
    return fits ? [] : [`${name}: ${[result, ...args].join(" ")} does not fit${prototypes[i]}`];
  });
}
