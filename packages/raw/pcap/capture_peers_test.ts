import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bind, localAddress, sendTo, socket } from "@posixly/socket";
import { testNeeding } from "@posixly/testing";
import { test } from "uvu";
import { captureWriter, commentsOf, parseCapture, readCapture } from "@posixly/raw/pcap";
import { run, testAlone } from "../network_fixture.ts";
import { blocksOf, concat, copiesOf, everything, rewritten } from "./capture_fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "posixly-pcap-"));
test.after(() => rmSync(folder, { recursive: true }));

/** Puts a capture where programs can read it. */
function file(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const SENT = 6;

/** Has a program capture the datagrams that are sent once it listens. */
async function captured(program: string, ...args: string[]): Promise<Uint8Array> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const pieces: Uint8Array[] = [];
  child.stdout.on("data", (piece: Uint8Array) => pieces.push(piece));
  const closed = once(child, "close");
  let told = "";
  await new Promise<void>((resolve) => {
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      told += text;
      if (/listening on|File: /.test(told)) resolve();
    });
    closed.then(() => resolve());
  });
  using receiver = socket("ipv4", "datagram");
  bind(receiver, "127.0.0.1:0");
  using sender = socket("ipv4", "datagram");
  for (let i = 0; i < SENT; i++) sendTo(sender, new Uint8Array(i * 9), localAddress(receiver));
  const [status] = await closed;
  assert.equal(status, 0, told);
  return concat(pieces);
}

for (
  const [name, args, resolution] of [
    ["in microseconds", [], 6],
    ["in nanoseconds", ["--time-stamp-precision=nano"], 9],
    ["cut to 40 bytes", ["-s", "40"], 6],
  ] as const
) {
  testAlone(
    ["tcpdump"],
    `what tcpdump has captured ${name} is read, and written as it was`,
    async () => {
      const file = await captured(
        "tcpdump",
        ...["-i", "lo", "--immediate-mode", "-c", `${SENT}`, "-w", "-", ...args],
      );
      const packets = [...parseCapture(file)];
      const lengths = packets.map(({ originalLength }) => originalLength);
      assert.deepEqual(lengths, [42, 51, 60, 69, 78, 87]);
      for (const { bytes, timestamp, originalLength, interface: from } of packets) {
        assert.equal(bytes.length, Math.min(originalLength, from.snapLength));
        assert.ok(Math.abs(Number(timestamp!.seconds) - Date.now() / 1000) < 100);
        assert.equal(from.resolution, resolution);
      }
      assert.deepEqual(rewritten(file, blocksOf(file)), file);
      const writer = captureWriter({
        format: "pcap",
        nanoseconds: resolution === 9,
        snapLength: name.startsWith("cut") ? 40 : 0,
      });
      assert.deepEqual(concat(packets.map(({ ...copy }) => writer.write(copy))), file);
    },
  );
}

testAlone(
  ["dumpcap"],
  "what dumpcap has captured as pcapng is read, and written as it was",
  async () => {
    const file = await captured("dumpcap", ..."-i lo -n -c 6 -f udp -w -".split(" "));
    const blocks = blocksOf(file);
    const [section, described] = blocks;
    assert.equal(section.kind, "section");
    assert.equal(described.kind, "interface");
    if (described.kind === "interface") {
      assert.ok(described.options.some(({ code, value }) => code === 2 && value === "lo"));
      assert.equal(described.resolution, 9);
    }
    assert.equal(blocks.filter(({ kind }) => kind === "packet").length, SENT);
    assert.equal(blocks.at(-1)!.kind, "statistics");
    assert.deepEqual(rewritten(file, blocks), file);
    const copies = blocks.map((block) => block.kind === "section" ? { ...block } : block);
    assert.deepEqual(rewritten(file, copies), file);
  },
);

/** UDP from 10.0.0.1 to 10.0.0.2, without an Ethernet header. */
const datagram = Uint8Array.from(
  "45000020000100004011667a0a0000010a0000020035003500140000".match(/../g)!,
  (pair) => parseInt(pair, 16),
);
const times = [
  { seconds: 0, nanoseconds: 0 },
  { seconds: 1_800_000_000, nanoseconds: 123_456_789 },
  { seconds: 2 ** 31 - 1, nanoseconds: 999_999_999 },
];

for (const format of ["pcap", "pcapng"] as const) {
  for (const byteOrder of ["little", "big"] as const) {
    for (const nanoseconds of [true, false]) {
      const precision = nanoseconds ? "nanoseconds" : "microseconds";
      const writer = captureWriter({ format, byteOrder, nanoseconds, link: "ipv4" });
      const ours = concat(
        times.map((timestamp) => writer.write({ bytes: datagram, originalLength: 32, timestamp })),
      );
      const expected = times.map(({ seconds, nanoseconds: rest }) =>
        `${seconds}.${String(nanoseconds ? rest : rest - rest % 1000).padStart(9, "0")}`
      );

      testNeeding("tcpdump", `tcpdump reads ${format}, ${byteOrder}, ${precision}`, () => {
        const path = file("ours", ours);
        const lines = run(`tcpdump -n -tt --time-stamp-precision=nano -r ${path}`).trim().split(
          "\n",
        );
        assert.deepEqual(lines.map((line) => line.split(" ")[0]), expected);
        for (const line of lines) assert.match(line, /IP 10\.0\.0\.1\.53 > 10\.0\.0\.2\.53/);
      });

      if (nanoseconds === (byteOrder === "big")) continue; // it takes a second to start
      testNeeding("tshark", `tshark reads ${format}, ${byteOrder}, ${precision}`, () => {
        const path = file("ours", ours);
        const fields = "-T fields -e frame.time_epoch -e frame.len -e frame.cap_len -e ip.dst";
        const lines = run(`tshark -n -r ${path} ${fields}`).trim().split("\n");
        assert.deepEqual(
          lines.map((line) => line.split("\t")),
          expected.map((time) => [time, "32", "28", "10.0.0.2"]),
        );
      });
    }
  }
}

testNeeding("capinfos", "capinfos finds nothing wrong with an empty file, or a long packet", () => {
  for (const format of ["pcap", "pcapng"] as const) {
    assert.match(
      run(`capinfos -c ${file("empty", captureWriter({ format }).end())}`),
      /packets:\s+0/,
    );
    const bytes = new Uint8Array(262144);
    const long = captureWriter({ format }).write({ bytes, timestamp: times[1] });
    assert.match(run(`capinfos -M -d ${file("long", long)}`), /Data size:\s+262144 bytes/);
  }
});

testNeeding("capinfos", "capinfos knows every block that was made by hand, and made anew", () => {
  const anew = captureWriter();
  const pieces = copiesOf(blocksOf(everything)).map((block) => anew.write(block));
  for (const bytes of [everything, concat(pieces)]) {
    const told = run(`capinfos -M -c -I ${file("everything", bytes)}`);
    assert.match(told, /Number of packets:\s+8/);
    assert.match(told, /Name = eth0/);
  }
});

testNeeding("editcap", "editcap turns ours into the other format, with comments", () => {
  const writer = captureWriter({ link: "ipv4" });
  const ours = concat(
    times.map((timestamp, i) =>
      writer.write({ bytes: datagram, timestamp, options: [{ code: 1, value: `Nr. ${i} …` }] })
    ),
  );
  const [from, pcap, ng] = [file("ours", ours), join(folder, "pcap"), join(folder, "ng")];
  execFileSync("editcap", ["-F", "nsecpcap", from, pcap]);
  execFileSync("editcap", ["-F", "pcapng", from, ng]);
  const [first, second] = [pcap, ng].map((path) => [...parseCapture(readFileSync(path))]);
  assert.deepEqual(first.map(({ timestamp }) => timestamp), times);
  assert.deepEqual(second.map(({ options }) => commentsOf(options)), [
    ...[["Nr. 0 …"], ["Nr. 1 …"], ["Nr. 2 …"]],
  ]);
  const bytes = readFileSync(ng);
  assert.deepEqual(rewritten(bytes, blocksOf(bytes)), Uint8Array.from(bytes));
});

testNeeding("tshark", "tshark finds as much in a file with everything as we do", async () => {
  const path = file("everything", everything);
  const fields = "-T fields -e frame.cap_len -e frame.len";
  const lines = run(`tshark -n -r ${path} ${fields}`).trim().split("\n");
  const read: string[] = [];
  const stream = createReadStream(path, { highWaterMark: 7 });
  for await (const block of readCapture(stream).blocks()) {
    if (block.kind === "packet") read.push(`${block.bytes.length}\t${block.originalLength}`);
    // For tshark the block of an enterprise is a packet, too.
    if (block.kind === "custom") read.push(`${block.body.length}\t${block.body.length}`);
  }
  assert.deepEqual(read, lines);
});

test.run();
