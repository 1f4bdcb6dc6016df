// Goes before every program that is emulated.
import childProcess from "node:child_process";
import { registerHooks, syncBuiltinESMExports } from "node:module";
import process from "node:process";
import { node, SLOWER } from "./node.mjs";

// The kernel cannot start the emulated program by itself.
process.execPath = node;
const self = `/proc/${process.pid}/exe`; // is the emulator
const { spawn } = childProcess;
childProcess.spawn = (...call) => spawn(...call.map(emulated));
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

/** An argument of `spawn`, for a program that is emulated too, and needs more time. */
function emulated(part) {
  if (Array.isArray(part)) return part.map(emulated);
  if (part?.timeout > 0) return { ...part, timeout: part.timeout * SLOWER };
  return part === self ? node : part;
}
