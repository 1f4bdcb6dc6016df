/**
 * Filters of packets, classic BPF: assembled, disassembled, validated, and run in JavaScript as the
 * kernel runs them. Nothing here touches native code, so it works in any JavaScript runtime.
 *
 * @example A filter for DNS, tried on a packet
 * ```ts
 * import { assemble, disassemble, runFilter, validateFilter } from "@posixly/raw/bpf";
 * import assert from "node:assert/strict";
 *
 * const dns = assemble(`
 *         ldh [12]               ; Ethernet: what it carries
 *         jne #0x800, drop       ; not IPv4
 *         ldb [23]
 *         jne #17, drop          ; not UDP
 *         ldh [20]
 *         jset #0x1fff, drop     ; not the first fragment
 *         ldxb 4*([14]&0xf)
 *         ldh [x + 16]           ; the port it goes to
 *         jne #53, drop
 *         ret #-1
 *   drop: ret #0
 * `);
 * validateFilter(dns);
 * assert.equal(disassemble(dns).split("\n")[6], "(006) ldxb     4*([14]&0xf)");
 *
 * const packet = new Uint8Array(60);
 * packet.set([0x08, 0x00, 0x45], 12);
 * packet.set([17], 23);
 * packet.set([0, 53], 36);
 * assert.ok(runFilter(dns, packet) > 0);
 * ```
 *
 * @module
 */
export type { AncillaryName } from "./ancillary.ts";
export { assemble } from "./assemble.ts";
export { decodeFilter, encodeFilter } from "./bytes.ts";
export { formatDecimal, parseDecimal } from "./decimal.ts";
export { disassemble } from "./disassemble.ts";
export { FilterError, type FilterPlace } from "./filter_error.ts";
export type { Instruction, Program } from "./instruction.ts";
export { type Operation, operationsOf, type Target } from "./operation.ts";
export { type Ancillary, filterFunction, runFilter, type RunOptions } from "./run.ts";
export { validateFilter } from "./validate.ts";
