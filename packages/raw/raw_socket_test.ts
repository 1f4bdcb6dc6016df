import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { readable } from "@posixly/mux";
import {
  ping,
  pingSocket,
  probe,
  type RawAccessError,
  rawSocket,
  sniff,
  traceroute,
} from "@posixly/raw";
import {
  getOption,
  MessageBatch,
  receiveError,
  receiveMessages,
  sendMessages,
} from "@posixly/socket";
import { runFresh, withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { filterOf } from "./icmp_types.ts";
import { run, setting, testAlone, wait } from "./network_fixture.ts";

const EXPERIMENT = 253;

/** The checksum of RFC 1071, as slow as it likes to be. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] << 8 | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** A message of ICMP with its checksum. */
function icmp(type: number, id: number, sequence: number, content: number[] = []): Uint8Array {
  const bytes = new Uint8Array([type, 0, 0, 0, id >> 8, id, sequence >> 8, sequence, ...content]);
  const sum = checksum(bytes);
  bytes.set([sum >> 8, sum], 2);
  return bytes;
}

/** A header of IPv4 in which nothing is right that the kernel writes. */
function header(total: number, { id = 0, source = [0, 0, 0, 0], ttl = 9 } = {}): number[] {
  return [
    ...[0x45, 0, total >> 8, total & 0xff, id >> 8, id & 0xff, 0, 0, ttl, EXPERIMENT, 0xba, 0xd0],
    ...source,
    ...[127, 0, 0, 1],
  ];
}

testAlone(
  [],
  "IPv4 comes with its header, IPv6 without, and both with what was asked for",
  () =>
    withoutLeaks(async () => {
      const asks = { receiveTtl: true, receiveDestination: true, receiveTimestamp: true };
      for (
        const [family, host, length] of [["ipv4", "127.0.0.1", 23], ["ipv6", "::1", 3]] as const
      ) {
        using socket = rawSocket(family, EXPERIMENT, asks);
        assert.equal(socket.tryReceive(), null);
        await socket.send(new Uint8Array([1, 2, 3]), host);
        const packet = await socket.receive(wait);
        assert.equal(packet.bytes.length, length);
        assert.deepEqual([...packet.bytes.subarray(-3)], [1, 2, 3]);
        assert.equal(packet.ttl, 64);
        assert.equal(packet.destination, host);
        assert.equal(packet.interface, 1);
        assert.equal((packet.from as { host: string }).host, host);
        assert.ok(Math.abs(Number(packet.timestamp!.seconds) - Date.now() / 1000) < 60);
        assert.equal(packet.control.packetInfo!.host, host);
      }
    }),
);

testAlone([], "an interface is called by its name or its index", () =>
  withoutLeaks(async () => {
    setting("ipv4/ping_group_range", "0 2147483647");
    for (const called of ["lo", 1]) {
      for (
        const open of [
          () => rawSocket("ipv4", EXPERIMENT, { interface: called }),
          () => pingSocket("ipv6", { interface: called }),
        ]
      ) {
        using socket = open();
        assert.equal(getOption(socket, "bindToDevice"), "lo");
      }
      const { received } = await ping("127.0.0.1", { interface: called, count: 1 }).summary();
      assert.equal(received, 1);
      for (const method of ["udp", "icmp", "tcp"] as const) {
        for await (const hop of traceroute("127.0.0.1", { method, interface: called })) {
          assert.ok(hop.reached);
        }
      }
      for await (const { state } of probe("127.0.0.1", 9, { interface: called })) {
        assert.equal(state, "closed");
      }
      using _sniffer = sniff({ interface: called });
    }
    assert.throws(() => rawSocket("ipv4", EXPERIMENT, { interface: 999_999 }), { code: "ENODEV" });
    assert.throws(() => rawSocket("ipv4", EXPERIMENT, { interface: "nowhere" }), {
      code: "ENODEV",
    });
  }));

testAlone([], "what was not asked for is not told", () =>
  withoutLeaks(async () => {
    using socket = rawSocket("ipv4", EXPERIMENT);
    await socket.send(new Uint8Array(1), "127.0.0.1:0");
    const { ttl, destination, interface: index, timestamp, control } = await socket.receive(wait);
    assert.deepEqual([ttl, destination, index, timestamp, control], [
      undefined,
      undefined,
      undefined,
      undefined,
      {},
    ]);
  }));

testAlone(
  [],
  "of a header that we write the kernel writes length and checksum, and what is 0",
  () =>
    withoutLeaks(async () => {
      using sender = rawSocket("ipv4", "raw");
      using receiver = rawSocket("ipv4", EXPERIMENT);
      await sender.send(new Uint8Array([...header(9999), 7]), "127.0.0.1");
      const { bytes } = await receiver.receive(wait);
      assert.equal(bytes.length, 21);
      assert.equal(bytes[2] << 8 | bytes[3], 21);
      assert.equal(bytes[8], 9);
      assert.equal(checksum(bytes.subarray(0, 20)), 0);
      assert.deepEqual([...bytes.subarray(12, 16)], [127, 0, 0, 1]);

      const own = header(21, { id: 0x1234, source: [127, 0, 0, 9] });
      await sender.send(new Uint8Array([...own, 7]), "127.0.0.1");
      const kept = await receiver.receive(wait);
      assert.deepEqual([...kept.bytes.subarray(4, 6)], [0x12, 0x34]);
      assert.equal((kept.from as { host: string }).host, "127.0.0.9");
    }),
);

testAlone(
  [],
  "a header that is not whole is refused before the kernel sees it",
  () =>
    withoutLeaks(async () => {
      using four = rawSocket("ipv4", EXPERIMENT, { headerIncluded: true });
      const attempts: [number[], RegExp][] = [
        [[], /bytes must begin with a header of 20 bytes, not have 0/],
        [header(20).slice(1), /not have 19/],
        [[0x44, ...header(20).slice(1)], /the header must have between 20 and 20 bytes, not 16/],
        [[0x46, ...header(20).slice(1)], /between 20 and 20 bytes, not 24/],
      ];
      for (const [bytes, message] of attempts) {
        await assert.rejects(four.send(new Uint8Array(bytes), "127.0.0.1"), {
          name: "RangeError",
          message,
        });
      }
      using six = rawSocket("ipv6", EXPERIMENT, { headerIncluded: true });
      await assert.rejects(six.send(new Uint8Array(39), "::1"), RangeError);
      using plain = rawSocket("ipv4", EXPERIMENT);
      await plain.send(new Uint8Array(0), "127.0.0.1"); // the kernel writes it
      assert.equal((await plain.receive(wait)).bytes.length, 20);
    }),
);

testAlone(
  [],
  "a packet with its own header is not parted, and one without is",
  () =>
    withoutLeaks(async () => {
      setting("ipv4/conf/lo/rp_filter", "0");
      run("ip link set lo mtu 1500");
      try {
        using whole = rawSocket("ipv4", EXPERIMENT, { headerIncluded: true });
        await assert.rejects(
          whole.send(new Uint8Array([...header(0), ...new Array(1481).fill(1)]), "127.0.0.1"),
          { code: "EMSGSIZE", message: /not parted/ },
        );
        using parted = rawSocket("ipv4", EXPERIMENT);
        const content = Uint8Array.from({ length: 9000 }, (_, i) => i);
        await parted.send(content, "127.0.0.1");
        assert.deepEqual((await parted.receive(wait)).bytes.subarray(20), content);
      } finally {
        run("ip link set lo mtu 65536");
      }
    }),
);

testAlone([], "protocol raw gets packets of no protocol but 255", () =>
  withoutLeaks(async () => {
    using raw = rawSocket("ipv4", "raw");
    using other = rawSocket("ipv4", EXPERIMENT);
    await raw.send(new Uint8Array([...header(20)]), "127.0.0.1");
    await other.receive(wait);
    assert.equal(raw.tryReceive(), null);
  }));

testAlone(
  [],
  "the types of ICMP that are named come, and no other that can be kept out",
  () =>
    withoutLeaks(async () => {
      using answers = rawSocket("ipv4", "icmp", { icmpTypes: [0] });
      using all = rawSocket("ipv4", "icmp");
      await all.send(icmp(8, 1, 2), "127.0.0.1");
      assert.equal((await answers.receive(wait)).bytes[20], 0);
      assert.equal(answers.tryReceive(), null);
      assert.equal((await all.receive(wait)).bytes[20], 8);
      assert.equal((await all.receive(wait)).bytes[20], 0);

      using six = rawSocket("ipv6", "icmpv6", { icmpTypes: [129] });
      await six.send(icmp(128, 1, 2), "::1"); // the kernel writes the checksum, which was wrong
      assert.deepEqual((await six.receive(wait)).bytes[0], 129);
      assert.equal(six.tryReceive(), null);
    }),
);

test("a filter has a bit for each type, set unless it is let through", () => {
  const types = fc.uniqueArray(fc.integer({ min: 0, max: 255 }));
  fc.assert(fc.property(types, (passed) => {
    const words = filterOf("ipv6", passed);
    for (let type = 0; type < 256; type++) {
      const isOut = (words[type >>> 5] >>> (type & 31) & 1) === 1;
      assert.equal(isOut, !passed.includes(type));
    }
  }));
  assert.throws(() => filterOf("ipv4", [32]), RangeError);
  assert.throws(() => filterOf("ipv4", "0" as never), TypeError);
});

testAlone(
  [],
  "the kernel writes and checks the checksum where it is said to be",
  () =>
    withoutLeaks(async () => {
      using socket = rawSocket("ipv6", EXPERIMENT, { checksumOffset: 2 });
      using looks = rawSocket("ipv6", EXPERIMENT);
      await socket.send(new Uint8Array([1, 2, 0, 0]), "::1");
      const { bytes } = await looks.receive(wait);
      const pseudo = [...new Array(15).fill(0), 1, ...new Array(15).fill(0), 1];
      assert.equal(checksum(new Uint8Array([...pseudo, 0, 4, 0, EXPERIMENT, ...bytes])), 0);
      await socket.receive(wait);
      await looks.send(new Uint8Array([1, 2, 0, 0]), "::1"); // wrong
      await looks.receive(wait);
      assert.equal(socket.tryReceive(), null);
    }),
);

testAlone([], "many packets go by one call, and come by one call", () =>
  withoutLeaks(async () => {
    using socket = rawSocket("ipv4", EXPERIMENT);
    const batch = new MessageBatch({ messages: 100, bytes: 64 });
    for (let i = 0; i < 100; i++) {
      batch.add(new Uint8Array([i]), { family: "ipv4", host: "127.0.0.1", port: 0 });
    }
    assert.equal(sendMessages(socket, batch), 100);
    const found: number[] = [];
    while (found.length < 100) { // once, unless the kernel is at something else as well
      await readable(socket, wait);
      receiveMessages(socket, batch);
      for (const { bytes } of batch) found.push(bytes[20]);
    }
    assert.deepEqual(found, [...new Array(100).keys()]);
  }));

testAlone(
  [],
  "a broadcast takes an option and no right, and the error says so",
  () =>
    withoutLeaks(async () => {
      run("ip addr add 10.9.0.1/24 dev lo");
      using socket = rawSocket("ipv4", EXPERIMENT);
      await assert.rejects(socket.send(new Uint8Array(1), "10.9.0.255"), {
        code: "EACCES",
        message: /takes the option broadcast, and no right/,
      });
      using allowed = rawSocket("ipv4", EXPERIMENT, { options: { broadcast: true } });
      await allowed.send(new Uint8Array(1), "10.9.0.255");
      run("ip addr del 10.9.0.1/24 dev lo");
    }),
);

testAlone(
  ["python3"],
  "python's raw sockets hear ours, and ours theirs",
  () =>
    withoutLeaks(async () => {
      const child = spawn("python3", [
        "-uc",
        `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, ${EXPERIMENT})
print("ready")
packet, (host, _) = s.recvfrom(100)
print(packet[20:].hex(), host)
s.sendto(b"from python", ("127.0.0.2", 0))
`,
      ]);
      const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
      const line = async () => (await lines.next()).value;
      assert.equal(await line(), "ready");
      using socket = rawSocket("ipv4", EXPERIMENT, {
        address: "127.0.0.2",
        peer: { family: "ipv4", host: "127.0.0.1", port: 0 },
      });
      await socket.send(new Uint8Array([0xca, 0xfe]));
      assert.equal(await line(), "cafe 127.0.0.2");
      const { bytes } = await socket.receive(wait);
      assert.equal(new TextDecoder().decode(bytes.subarray(20)), "from python");
      await once(child, "close");
    }),
);

testAlone(["ping"], "ping gets its answers from our raw socket", () =>
  withoutLeaks(async () => {
    setting("ipv4/icmp_echo_ignore_all", "1");
    try {
      using socket = rawSocket("ipv4", "icmp", { icmpTypes: [8] });
      const answering = (async () => {
        for await (const { bytes, from } of socket) {
          const answer = bytes.slice((bytes[0] & 15) * 4);
          answer.set([0, 0, 0, 0]);
          const sum = checksum(answer);
          answer.set([sum >> 8, sum & 0xff], 2);
          await socket.send(answer, from!);
        }
      })();
      const { stdout } = await promisify(execFile)("ping", [
        ..."-n -c 3 -i 0.05 -W 5 127.0.0.1".split(" "),
      ]);
      assert.match(stdout, /3 packets transmitted, 3 received, 0% packet loss/);
      socket.close();
      await answering;
    } finally {
      setting("ipv4/icmp_echo_ignore_all", "0");
    }
  }));

testAlone(
  [],
  "a ping socket pings, by the identifier that the kernel chose or that was asked for",
  () =>
    withoutLeaks(async () => {
      setting("ipv4/ping_group_range", "0 2147483647");
      for (
        const [family, host, request] of [["ipv4", "127.0.0.1", 8], ["ipv6", "::1", 128]] as const
      ) {
        const asks = { receiveTtl: true, receiveTimestamp: true, receiveDestination: true };
        using first = pingSocket(family, asks);
        using second = pingSocket(family, {
          address: { family, host: family === "ipv4" ? "0.0.0.0" : "::", port: 777 },
        });
        assert.equal(second.identifier, 777);
        assert.throws(() => pingSocket(family, { address: second.localAddress }), {
          code: "EADDRINUSE",
        });
        await first.send(icmp(request, 0xffff, 5, [42]), host);
        const { bytes, ttl, timestamp, destination } = await first.receive(wait);
        assert.deepEqual([...bytes.subarray(0, 2)], [request === 8 ? 0 : 129, 0]);
        assert.equal(bytes[4] << 8 | bytes[5], first.identifier);
        assert.deepEqual([...bytes.subarray(6)], [0, 5, 42]);
        assert.equal(ttl, 64);
        assert.ok(timestamp);
        assert.equal(destination, host);
        assert.equal(second.tryReceive(), null);
        await assert.rejects(first.send(new Uint8Array(7), host), RangeError);
        await assert.rejects(first.send(new Uint8Array(8), host), RangeError);
      }
    }),
);

testAlone(
  [],
  "that a port is closed is told to whom asks for errors",
  () =>
    withoutLeaks(async () => {
      using socket = rawSocket("ipv4", "udp", { options: { ipReceiveError: true } });
      using arrivals = rawSocket("ipv4", "icmp");
      await socket.send(new Uint8Array([0, 9, 0, 9, 0, 8, 0, 0]), "127.0.0.1");
      await arrivals.receive(wait);
      const report = receiveError(socket)!;
      assert.deepEqual([report.error.type, report.error.code], [3, 3]); // port unreachable
    }),
);

test("what is wrong is refused before a socket is made", () => {
  const wrong: [() => unknown, typeof TypeError | typeof RangeError][] = [
    [() => rawSocket("ipv5" as "ipv4", "icmp"), TypeError],
    [() => rawSocket("ipv4", "no such" as "icmp"), TypeError],
    [() => rawSocket("ipv4", "icmp", { header: true } as object), TypeError],
    [() => rawSocket("ipv4", "icmp", { headerIncluded: 1 as never }), TypeError],
    [() => rawSocket("ipv4", "icmp", { checksumOffset: 2 }), TypeError],
    [() => rawSocket("ipv6", 253, { checksumOffset: 3 }), RangeError],
    [() => rawSocket("ipv4", "icmp", { icmpTypes: [32] }), RangeError],
    [() => rawSocket("ipv4", "icmp", { interface: 0 }), RangeError],
    [() => rawSocket("ipv4", "icmp", { address: "[::1]:0" }), TypeError],
    [() => rawSocket("ipv4", "icmp", { peer: "nobody" }), TypeError],
    [() => pingSocket("ipv4", { icmpTypes: [1] } as object), TypeError],
  ];
  for (const [make, kind] of wrong) assert.throws(make, kind);
});

testAlone([], "without the right the error says which ways lead to it", async () => {
  setting("ipv4/ping_group_range", "1 0");
  const { stdout, stderr } = await runFresh(`
    import { bind } from "@posixly/sys";
    import { pingSocket, rawSocket, RawAccessError } from "@posixly/raw";
    bind({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    const refused = (make) => {
      try {
        make();
      } catch (error) {
        const { name, code, syscall, capability = null, remedies, message } = error;
        const isOurs = error instanceof RawAccessError;
        return { name, code, syscall, capability, remedies, message, isOurs };
      }
    };
    console.log(JSON.stringify([
      refused(() => rawSocket("ipv4", "icmp")),
      refused(() => pingSocket("ipv6")),
    ]));
  `);
  assert.equal(stderr, "");
  const [raw, ping] = JSON.parse(stdout) as RawAccessError[];
  for (const error of [raw, ping]) {
    assert.ok((error as unknown as { isOurs: boolean }).isOurs);
    assert.equal(error.name, "SyscallError");
    assert.equal(error.syscall, "socket");
    for (const way of error.remedies) assert.ok(error.message.includes(way));
  }
  assert.equal(raw.code, "EPERM");
  assert.equal(raw.capability, "CAP_NET_RAW");
  assert.match(raw.remedies[0], /setcap cap_net_raw\+ep \/.*(node|deno)/);
  assert.match(raw.remedies[1], /setpriv .*docker run --cap-add=NET_RAW/);
  assert.match(raw.remedies[2], /pingSocket\(\).*sysctl -w net.ipv4.ping_group_range/);
  assert.equal(ping.code, "EACCES");
  assert.match(ping.remedies[0], /sysctl -w net.ipv4.ping_group_range/);
});

testAlone(["setpriv"], "a user who was given the right has it", async () => {
  const { stdout, stderr, status } = await runFresh(
    `
    import { rawSocket } from "@posixly/raw";
    rawSocket("ipv4", "icmp").close();
    console.log("open");
    `,
    {
      through: [
        ..."setpriv --reuid 65534 --inh-caps +net_raw,+dac_override".split(" "),
        ..."--ambient-caps +net_raw,+dac_override".split(" "),
      ],
    },
  );
  assert.deepEqual({ stdout, stderr, status }, { stdout: "open\n", stderr: "", status: 0 });
});

test.run();
