import assert from "node:assert/strict";
import process from "node:process";
import { readable } from "@posixly/mux";
import { testWhere, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { attachedFilter, attachFilter, detachFilter, lockFilter, rawSocket } from "@posixly/raw";
import {
  assemble,
  encodeFilter,
  FilterError,
  filterFunction,
  type Program,
  validateFilter,
} from "@posixly/raw/bpf";
import { connect, receive, send, sendTo, setOptions, socketPair, udp } from "@posixly/socket";
import { anyProgram, validProgram } from "./bpf/program_fixture.ts";

const buffer = new Uint8Array(256);
/** Of a unix socket the header of the network begins where the message does. */
const options = { network: 0 };

test("random programs do to random packets what the kernel does with them", () => {
  using pair = socketPair("datagram");
  const packet = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ minLength: 44, maxLength: 60 }),
  );
  const packets = fc.array(packet, { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(validProgram, packets, (program, packets) => {
      attachFilter(pair.second, program);
      const filter = filterFunction(program);
      for (const packet of packets) {
        send(pair.first, packet);
        const kept = filter(packet, options);
        const arrived = receive(pair.second, buffer);
        assert.equal(arrived, kept === 0 ? null : Math.min(kept, packet.length));
      }
    }),
    { numRuns: 2000 },
  );
});

/** What the kernel says, whatever we say. */
function isAccepted(socket: number, program: Program): boolean {
  try {
    setOptions(socket, { filter: encodeFilter(program) });
    return true;
  } catch (error) {
    assert.equal((error as { code: string }).code, "EINVAL");
    return false;
  }
}

function isValid(program: Program): boolean {
  try {
    validateFilter(program);
    return true;
  } catch (error) {
    assert.ok(error instanceof FilterError);
    return false;
  }
}

test("what the kernel refuses is refused, and nothing else", () => {
  using pair = socketPair("datagram");
  const seen = [0, 0];
  fc.assert(
    fc.property(anyProgram.filter(({ length }) => length > 0), (program) => {
      const accepted = isAccepted(pair.first.fd, program);
      seen[Number(accepted)]++;
      assert.equal(isValid(program), accepted);
    }),
    { numRuns: 3000 },
  );
  assert.ok(seen.every((times) => times > 300), String(seen));
});

test("a filter drops, cuts, and is taken off again", () => {
  using pair = socketPair("datagram");
  attachFilter(pair.second, assemble("ldb [0]\njeq #7, keep\nret #0\nkeep: ret #2"));
  send(pair.first, new Uint8Array([6, 1, 1]));
  send(pair.first, new Uint8Array([7, 1, 1]));
  assert.equal(receive(pair.second, buffer), 2);
  detachFilter(pair.second);
  send(pair.first, new Uint8Array([6, 1, 1]));
  assert.equal(receive(pair.second, buffer), 3);
  assert.throws(() => detachFilter(pair.second), { code: "ENOENT" });
});

test("a filter is read back as it was attached, however long", () => {
  using pair = socketPair("datagram");
  assert.equal(attachedFilter(pair.first), null);
  fc.assert(
    fc.property(validProgram, (program) => {
      attachFilter(pair.first, program);
      assert.deepEqual(attachedFilter(pair.first), program);
    }),
    { numRuns: 50 },
  );
  const longest = [...Array(4095).fill({ code: 0x00, jt: 0, jf: 0, k: 1 }), ...assemble("ret a")];
  attachFilter(pair.first, longest);
  assert.deepEqual(attachedFilter(pair.first), longest);
});

test("a filter that is locked stays, and nobody takes its place", () => {
  using pair = socketPair("datagram");
  attachFilter(pair.first, assemble("ret #1"));
  lockFilter(pair.first);
  assert.throws(() => detachFilter(pair.first), { code: "EPERM" });
  assert.throws(() => attachFilter(pair.first, assemble("ret #2")), { code: "EPERM" });
  assert.throws(() => attachFilter(pair.first, assemble("ret #2"), { drain: true }), {
    code: "EPERM",
  });
  assert.deepEqual(attachedFilter(pair.first), assemble("ret #1"));
});

test("drained, a socket has nothing that came before its filter", () => {
  using pair = socketPair("datagram");
  for (const drain of [true, false, undefined]) {
    send(pair.first, new Uint8Array(5));
    send(pair.first, new Uint8Array(0));
    send(pair.first, new Uint8Array(6));
    attachFilter(pair.second, assemble("ret #4"), { drain });
    send(pair.first, new Uint8Array(7));
    const lengths = Array.from({ length: 5 }, () => receive(pair.second, buffer));
    const expected = drain ? [4, null, null, null, null] : [5, 0, 6, 4, null];
    assert.deepEqual(lengths, expected);
    detachFilter(pair.second);
  }
});

testWhere(
  process.getuid!() === 0,
  "root",
  "what is sent everything is drained unless told not to",
  async () => {
    const ping = new Uint8Array([8, 0, 0xf7, 0xff, 0, 0, 0, 0]); // an echo request
    await withoutLeaks(async () => {
      for (const drain of [undefined, false]) {
        using receiver = rawSocket("ipv4", "icmp");
        using sender = rawSocket("ipv4", "icmp");
        sendTo(sender, ping, "127.0.0.1:0");
        await readable(receiver);
        attachFilter(receiver, assemble("ret #0"), { drain });
        assert.equal(receive(receiver, buffer) === null, drain === undefined);
      }
    });
  },
);

test("a program that is not valid is not attached, and drains nothing", () => {
  using pair = socketPair("datagram");
  send(pair.first, new Uint8Array(5));
  assert.throws(() => attachFilter(pair.second, assemble("neg"), { drain: true }), FilterError);
  assert.throws(() => attachFilter(pair.second, [], { drian: true } as never), /no option drian/);
  assert.throws(() => attachFilter(pair.second, [], { drain: 1 as never }), TypeError);
  assert.equal(attachedFilter(pair.second), null);
  assert.equal(receive(pair.second, buffer), 5);
});

test("a stream is not drained", () => {
  using pair = socketPair("stream");
  send(pair.first, new Uint8Array(5));
  assert.throws(() => attachFilter(pair.second, assemble("ret #0"), { drain: true }), {
    name: "TypeError",
    message: "a stream cannot be drained: its bytes have no borders",
  });
  assert.equal(receive(pair.second, buffer), 5);
});

test("an error that a socket has to tell is told, and no filter stays", () => {
  using silent = udp("127.0.0.1:0");
  const nobody = silent.localAddress;
  silent.close();
  using socket = udp("127.0.0.1:0");
  connect(socket, nobody);
  send(socket, new Uint8Array(1));
  assert.throws(() => attachFilter(socket, assemble("ret #1"), { drain: true }), {
    code: "ECONNREFUSED",
  });
  assert.equal(attachedFilter(socket), null);
});

test.run();
