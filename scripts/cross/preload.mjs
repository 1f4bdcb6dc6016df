// Goes before every program that Node runs elsewhere.
import childProcess from "node:child_process";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { node, slower } from "./node.mjs";

// The kernel cannot start this Node by itself.
process.execPath = node;
const self = `/proc/${process.pid}/exe`; // is what runs it
const { spawn } = childProcess;
childProcess.spawn = (...call) => spawn(...call.map(elsewhere));
syncBuiltinESMExports();

// Tests that are spared are skipped, with the reason.
const ours = new URL("uvu.mjs", import.meta.url).href;
const packages = new URL("../../packages/", import.meta.url).href;
if (process.env.CROSS_SPARED) {
  registerHooks({
    resolve(specifier, context, next) {
      const isTest = specifier === "uvu" && context.parentURL?.startsWith(packages);
      return isTest ? { url: ours, shortCircuit: true } : next(specifier, context);
    },
  });
}

/** An argument of `spawn`, for a program that runs there too, and needs more time. */
function elsewhere(part) {
  if (Array.isArray(part)) return part.map(elsewhere);
  if (part?.timeout > 0) return { ...part, timeout: part.timeout * slower };
  return part === self ? node : part;
}
