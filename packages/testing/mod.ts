/**
 * What the tests of every package share. Private: nothing here is published.
 *
 * @module
 */
export { type Descriptor, openDescriptors, openedSince, withoutLeaks } from "./descriptors.ts";
export { withFaults } from "./faults.ts";
export { gc } from "./gc.ts";
export { type Finished, type FreshOptions, runFresh, runtimeArguments } from "./fresh.ts";
export { interrupted } from "./interrupted.ts";
export { mutantOf } from "./mutant.ts";
export { found, testNeeding, testWhere } from "./needs.ts";
export { randomFrom } from "./random.ts";
export { timerFires } from "./timer_fires.ts";
export { turns } from "./turns.ts";
