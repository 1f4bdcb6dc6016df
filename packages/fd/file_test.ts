import assert from "node:assert/strict";
import {
  memfd,
  position,
  pread,
  preadv,
  punchHole,
  pwrite,
  pwritev,
  read,
  readAll,
  readv,
  seek,
  stat,
  truncate,
  write,
  writev,
} from "@posixly/fd";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";

/** What every function of files has to agree with: an array of bytes, and a position in it. */
class Model {
  bytes: number[] = [];
  at = 0;

  put(at: number, bytes: number[]): void {
    if (bytes.length === 0) return; // writing nothing beyond the end makes no hole
    while (this.bytes.length < at) this.bytes.push(0);
    this.bytes.splice(at, bytes.length, ...bytes);
  }

  get(at: number, length: number): number[] {
    return this.bytes.slice(at, at + length);
  }

  resize(size: number): void {
    while (this.bytes.length < size) this.bytes.push(0);
    this.bytes.length = size;
  }

  zero(from: number, length: number): void {
    this.bytes.fill(0, from, Math.min(from + length, this.bytes.length));
  }
}

const place = fc.nat(300);
const some = fc.uint8Array({ maxLength: 40 });
const several = fc.array(some, { maxLength: 5 });
const size = fc.nat(60);
const sizes = fc.array(size, { maxLength: 5 });
const step = fc.oneof(
  fc.record({ do: fc.constant("write" as const), buffers: several }),
  fc.record({ do: fc.constant("read" as const), sizes }),
  fc.record({ do: fc.constant("pwrite" as const), place, buffers: several }),
  fc.record({ do: fc.constant("pread" as const), place, sizes }),
  fc.record({ do: fc.constant("seek" as const), place }),
  fc.record({ do: fc.constant("seek from end" as const), place }),
  fc.record({ do: fc.constant("seek on" as const), place }),
  fc.record({ do: fc.constant("truncate" as const), place }),
  fc.record({ do: fc.constant("punch" as const), place, length: fc.integer({ min: 1, max: 99 }) }),
);

const concat = (buffers: readonly Uint8Array[]) => buffers.flatMap((bytes) => [...bytes]);
const empty = (sizes: readonly number[]) => sizes.map((n) => new Uint8Array(n).fill(0xa5));

/** What was read is what the model says, and no byte after it was touched. */
function assertRead(buffers: readonly Uint8Array[], n: number | null, expected: number[]): void {
  assert.equal(n, expected.length);
  const all = concat(buffers);
  assert.deepEqual(all.slice(0, expected.length), expected);
  assert.ok(all.slice(expected.length).every((byte) => byte === 0xa5));
}

const first = <T>(items: readonly T[], otherwise: T) => items.length > 0 ? items[0] : otherwise;
const bases = fc.constantFrom(0n, 2n ** 31n - 7n, 2n ** 53n - 150n, 2n ** 62n);

for (const [title, isVectored] of [["one buffer", false], ["many buffers", true]] as const) {
  test(`a file is an array of bytes, however it is read and written, with ${title}`, () =>
    withoutLeaks(() => {
      fc.assert(fc.property(bases, fc.array(step, { maxLength: 25 }), (base, steps) => {
        using file = memfd("model");
        const model = new Model();
        truncate(file, base);
        seek(file, base);

        const readInto = (buffers: Uint8Array[]) =>
          isVectored ? readv(file, buffers) : read(file, buffers[0]);
        const preadInto = (buffers: Uint8Array[], at: bigint) =>
          isVectored ? preadv(file, buffers, at) : pread(file, buffers[0], at);
        const writeFrom = (buffers: Uint8Array[]) =>
          isVectored ? writev(file, buffers) : write(file, buffers[0]);
        const pwriteFrom = (buffers: Uint8Array[], at: bigint) =>
          isVectored ? pwritev(file, buffers, at) : pwrite(file, buffers[0], at);
        const those = (buffers: Uint8Array[]) =>
          isVectored ? buffers : [first(buffers, new Uint8Array(0))];

        for (const step of steps) {
          const at = "place" in step ? base + BigInt(step.place) : base;
          switch (step.do) {
            case "write": {
              const bytes = concat(those(step.buffers));
              assert.equal(writeFrom(those(step.buffers)), bytes.length);
              model.put(model.at, bytes);
              model.at += bytes.length;
              break;
            }
            case "pwrite": {
              const bytes = concat(those(step.buffers));
              assert.equal(pwriteFrom(those(step.buffers), at), bytes.length);
              model.put(step.place, bytes);
              break;
            }
            case "read": {
              const buffers = those(empty(step.sizes));
              const expected = model.get(model.at, concat(buffers).length);
              assertRead(buffers, readInto(buffers), expected);
              model.at += expected.length;
              break;
            }
            case "pread": {
              const buffers = those(empty(step.sizes));
              const expected = model.get(step.place, concat(buffers).length);
              assertRead(buffers, preadInto(buffers, at), expected);
              break;
            }
            case "seek":
              assert.equal(BigInt(seek(file, at)), at);
              model.at = step.place;
              break;
            case "seek from end": {
              const back = Math.min(step.place, model.bytes.length);
              model.at = model.bytes.length - back;
              assert.equal(BigInt(seek(file, -back, "end")), base + BigInt(model.at));
              break;
            }
            case "seek on":
              model.at += step.place;
              assert.equal(BigInt(seek(file, step.place, "current")), base + BigInt(model.at));
              break;
            case "truncate":
              truncate(file, at);
              model.resize(step.place);
              break;
            case "punch":
              punchHole(file, at, step.length);
              model.zero(step.place, step.length);
              break;
          }
          assert.equal(BigInt(position(file)), base + BigInt(model.at));
          assert.equal(BigInt(stat(file).size), base + BigInt(model.bytes.length));
        }
        seek(file, base);
        assert.deepEqual([...readAll(file)], model.bytes);
      }));
    }));
}

test.run();
