// 64 processes reserve 100 ports each, all at the same time: nobody gets what another holds.
import assert from "node:assert/strict";
import { reserveInParallel } from "./parallel_fixture.ts";

for (const protocol of ["tcp", "udp", "both"] as const) {
  const ports = await reserveInParallel(64, 100, protocol);
  assert.equal(ports.length, 6400);
  assert.equal(new Set(ports).size, 6400);
  console.log(`${protocol}: 64 processes x 100 reservations, 6400 different ports`);
}
