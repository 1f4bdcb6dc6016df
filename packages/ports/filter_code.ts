import type { Plan, Prefix, Side } from "./filter.ts";
import {
  AF_UNSPEC,
  INET_DIAG_BC_AUTO,
  INET_DIAG_BC_D_COND,
  INET_DIAG_BC_D_GE,
  INET_DIAG_BC_D_LE,
  INET_DIAG_BC_DEV_COND,
  INET_DIAG_BC_JMP,
  INET_DIAG_BC_S_COND,
  INET_DIAG_BC_S_GE,
  INET_DIAG_BC_S_LE,
  inetDiagBcOp,
  inetDiagHostcond,
} from "./libc.ts";
import { PORT_MAX } from "./reserved.ts";
import { ALL_STATES } from "./states.ts";

// The kernel runs a filter as a list of steps. A step that holds goes on with the next one; one
// that does not jumps forward by `no` bytes. Who arrives exactly at the end is wanted, and who
// jumps a step beyond it is not.

/** What the kernel is to look for, and what is left to do for us. */
export interface Compiled {
  /** A bit for each state. */
  readonly states: number;
  /** The steps; none if all will do. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** What the kernel cannot be asked: states that depend on something else. */
  readonly rest: readonly Plan[];
}

/** Shares a filter out between the mask of states, the steps of the kernel, and us. */
export function compile(plan: Plan): Compiled {
  const parts = conjunction(plan);
  const inKernel = parts.filter((part) => !mentionsState(part));
  const ofStates = parts.filter(isOfStates);
  return {
    states: ofStates.reduce((mask, part) => mask & statesOf(part), ALL_STATES),
    code: assembled(both(inKernel.map(stepsOf))),
    rest: parts.filter((part) => mentionsState(part) && !isOfStates(part)),
  };
}

/** The parts that must all hold. */
function conjunction(plan: Plan): readonly Plan[] {
  return plan.kind === "and" ? plan.parts.flatMap(conjunction) : [plan];
}

function partsOf(plan: Plan): readonly Plan[] {
  if (plan.kind === "and" || plan.kind === "or") return plan.parts;
  return plan.kind === "not" ? [plan.part] : [];
}

/** Whether it is about one of these states, among other things. */
export function mentions(plan: Plan, states: number): boolean {
  if (plan.kind === "state") return (plan.mask & states) !== 0;
  return partsOf(plan).some((part) => mentions(part, states));
}

function mentionsState(plan: Plan): boolean {
  return plan.kind === "state" || partsOf(plan).some(mentionsState);
}

/** Whether it is about nothing but states. */
function isOfStates(plan: Plan): boolean {
  if (plan.kind === "state") return true;
  const parts = partsOf(plan);
  return parts.length > 0 && parts.every(isOfStates);
}

function statesOf(plan: Plan): number {
  switch (plan.kind) {
    case "and":
      return plan.parts.reduce((mask, part) => mask & statesOf(part), ALL_STATES);
    case "or":
      return plan.parts.reduce((mask, part) => mask | statesOf(part), 0);
    case "not":
      return ALL_STATES & ~statesOf(plan.part);
    case "state":
      return plan.mask;
    default:
      return ALL_STATES;
  }
}

/** Steps whose way out is open: where those in `exits` go if they do not hold is to be said. */
interface Steps {
  readonly bytes: readonly number[];
  readonly exits: readonly number[];
}

const { offsets, size: STEP } = inetDiagBcOp;

function stepsOf(plan: Plan): Steps {
  switch (plan.kind) {
    case "and":
      return both(plan.parts.map(stepsOf));
    case "or":
      return plan.parts.length === 0
        ? reject
        : plan.parts.map(stepsOf).reduceRight((rest, part) => either(part, rest));
    case "not":
      return negation(stepsOf(plan.part));
    case "address":
      return condition(plan.side, -1, plan.prefix);
    case "port":
      return ports(plan.side, plan.first, plan.last);
    case "interface":
      return step(INET_DIAG_BC_DEV_COND, [...new Uint8Array(Uint32Array.of(plan.index).buffer)]);
    case "autoBound":
      return step(INET_DIAG_BC_AUTO);
    case "state":
      throw new Error("A state is no step"); // compile() keeps them apart
  }
}

/** A step of its own, with its operands, whose `no` is open. */
function step(code: number, operands: readonly number[] = []): Steps {
  const bytes = inetDiagBcOp.encode({ code, yes: STEP + operands.length });
  return { bytes: [...bytes, ...operands], exits: [0] };
}

/** Never holds. */
const reject: Steps = { bytes: step(INET_DIAG_BC_JMP).bytes, exits: [0] };

function both(parts: readonly Steps[]): Steps {
  requireRoom(parts.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const bytes: number[] = [];
  const exits: number[] = [];
  for (const part of parts) {
    for (const exit of part.exits) exits.push(bytes.length + exit);
    bytes.push(...part.bytes);
  }
  return { bytes, exits };
}

/** One of both: whoever has the first jumps over the second. */
function either(first: Steps, second: Steps): Steps {
  requireRoom(first.bytes.length + STEP + second.bytes.length);
  const over = inetDiagBcOp.encode({
    code: INET_DIAG_BC_JMP,
    yes: STEP,
    no: STEP + second.bytes.length,
  });
  const start = first.bytes.length + STEP;
  return {
    bytes: [...settled(first), ...over, ...second.bytes],
    exits: second.exits.map((exit) => start + exit),
  };
}

/** Whoever falls out of it goes past the way out that all others take. */
function negation(part: Steps): Steps {
  return { bytes: [...settled(part), ...reject.bytes], exits: [part.bytes.length] };
}

/** The steps with their exits leading past the one that follows. */
function settled({ bytes, exits }: Steps): number[] {
  const code = [...bytes];
  for (const exit of exits) {
    const no = code.length - exit + STEP;
    code[exit + offsets.no] = no & 0xff;
    code[exit + offsets.no + 1] = no >> 8;
  }
  return code;
}

function ports(side: Side, first: number, last: number): Steps {
  if (first === last) return condition(side, first);
  const isLocal = side === "local";
  return both([
    ...first > 0 ? [bound(isLocal ? INET_DIAG_BC_S_GE : INET_DIAG_BC_D_GE, first)] : [],
    ...last < PORT_MAX ? [bound(isLocal ? INET_DIAG_BC_S_LE : INET_DIAG_BC_D_LE, last)] : [],
  ]);
}

/** The port is where a second step would have its `no`. */
function bound(code: number, port: number): Steps {
  return step(code, [...inetDiagBcOp.encode({ no: port })]);
}

const ANY: Prefix = { family: AF_UNSPEC, bytes: new Uint8Array(0), bits: 0 };

function condition(side: Side, port: number, prefix = ANY): Steps {
  const { family, bytes, bits } = prefix;
  const operands = [...inetDiagHostcond.encode({ family, prefix_len: bits, port }), ...bytes];
  return step(side === "local" ? INET_DIAG_BC_S_COND : INET_DIAG_BC_D_COND, operands);
}

/** The whole: who falls out goes past the end. */
function assembled(steps: Steps): Uint8Array<ArrayBuffer> {
  requireRoom(steps.bytes.length);
  return Uint8Array.from(settled(steps));
}

/** A jump past the end is told in 16 bits. */
function requireRoom(length: number): void {
  if (length + STEP <= 0xffff) return;
  throw new RangeError(`A filter cannot have ${length} bytes of code, only ${0xffff - STEP}`);
}
