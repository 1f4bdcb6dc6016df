import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { runFresh, testNeeding, turns } from "@posixly/testing";
import { test } from "uvu";
import { connectUnix, inheritedSockets } from "@posixly/socket";

const folder = mkdtempSync("/tmp/posixly-inherited-");
test.after(() => rmSync(folder, { recursive: true }));

/** Flags that give the runtime nothing but native code, where it knows permissions. */

/**
 * Starts the rest of its arguments with sockets from descriptor 3 on, as systemd does: a line
 * of Python says which, and `more` what else there is in the environment.
 */
const activator = `
import os, socket, sys
family, S, D, Q = socket.AF_INET, socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
def listening(*kind, address):
    made = socket.socket(*kind)
    made.bind(address)
    made.listen()
    return made
def bound(*kind, address):
    made = socket.socket(*kind)
    made.bind(address)
    return made
passed, more = eval(sys.argv[1])
high = [os.dup(each if isinstance(each, int) else each.fileno()) for each in passed]
os.closerange(3, min(high, default=3))
for i, fd in enumerate(high):
    os.dup2(fd, 3 + i)
os.closerange(3 + len(high), 1000)
os.environ.update({"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": str(len(high)), **more})
os.execv(sys.argv[2], sys.argv[2:])
`;

function activated(passed: string, program: string, more = "{}") {
  const through = ["python3", "-c", activator, `([${passed}], ${more})`];
  return runFresh(program, { confined: true, through });
}

const report = `
  import { getFlags } from "@posixly/fd";
  import { inheritedSockets } from "@posixly/socket";
  const inherited = inheritedSockets();
  for (const { name, socket } of inherited) {
    const { closeOnExec, nonBlocking } = getFlags(socket);
    console.log(socket.fd, name, socket.constructor.name, closeOnExec, nonBlocking);
    socket.close();
  }
  console.log(inherited.length, inheritedSockets().length);
`;

testNeeding("python3", "what was passed is what it is, by whatever name", async () => {
  const passed = [
    'listening(family, S, address=("127.0.0.1", 0))',
    'listening(socket.AF_UNIX, S, address="")',
    'listening(socket.AF_UNIX, Q, address="")',
    'bound(family, D, address=("127.0.0.1", 0))',
    'bound(socket.AF_UNIX, D, address="")',
    "socket.socketpair()[0]",
    "socket.socketpair(socket.AF_UNIX, Q)[0]",
    'bound(family, S, address=("127.0.0.1", 0))',
    "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "os.pipe()[0]",
  ];
  const names = "web:local:control:syslog";
  const { stdout, stderr } = await activated(
    passed.join(", "),
    report,
    `{"LISTEN_FDNAMES": "${names}"}`,
  );
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trim().split("\n"), [
    "3 web Listener true true",
    "4 local Listener true true",
    "5 control SeqpacketListener true true",
    "6 syslog DatagramSocket true true",
    "7 unknown DatagramSocket true true",
    "8 unknown Connection true true",
    "9 unknown SeqpacketConnection true true",
    "10 unknown Socket true true",
    "11 unknown Socket true true",
    "12 unknown OwnedFd true false",
    "10 0",
  ]);
});

testNeeding("python3", "the variables are taken away, from children too", async () => {
  const { stdout, stderr } = await runFresh(
    `
    import { spawnSync } from "node:child_process";
    import process from "node:process";
    import { inheritedSockets } from "@posixly/socket";
    const seen = () => ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]
      .filter((name) => process.env[name] !== undefined).length;
    const before = seen();
    const [{ socket }] = inheritedSockets();
    const { stdout } = spawnSync("sh", ["-c", "env | grep -c LISTEN_"]);
    console.log(before, seen(), stdout.toString().trim());
    socket.close();
  `,
    {
      through: [
        "python3",
        "-c",
        activator,
        '([listening(family, S, address=("127.0.0.1", 0))], {"LISTEN_FDNAMES": "web"})',
      ],
    },
  );
  assert.deepEqual([stdout, stderr], ["3 0 0\n", ""]);
});

for (
  const [what, more] of [
    ["another process", '{"LISTEN_PID": "1"}'],
    ["nobody", '{"LISTEN_PID": "me"}'],
    ["an empty word", '{"LISTEN_PID": ""}'],
    ["no number of sockets", '{"LISTEN_FDS": "-1"}'],
    ["a wild number of sockets", '{"LISTEN_FDS": "1e3"}'],
  ]
) {
  testNeeding("python3", `what is meant for ${what} is none`, async () => {
    const listening = 'listening(family, S, address=("127.0.0.1", 0))';
    const { stdout, stderr } = await activated(listening, report, more);
    assert.deepEqual([stdout, stderr], ["0 0\n", ""]);
  });
}

testNeeding(
  "python3",
  "what is told of and not there is an error, and nothing is taken",
  async () => {
    const { stdout, stderr } = await activated(
      'listening(family, S, address=("127.0.0.1", 0))',
      `
    import { OwnedFd } from "@posixly/fd";
    import { inheritedSockets } from "@posixly/socket";
    try {
      inheritedSockets();
    } catch ({ code }) {
      console.log(code);
    }
    new OwnedFd(3).close();
  `,
      '{"LISTEN_FDS": "900"}',
    );
    assert.deepEqual([stdout, stderr], ["EBADF\n", ""]);
  },
);

test("where nobody has passed any there are none", () => {
  assert.deepEqual(inheritedSockets(), []);
});

testNeeding(
  "systemd-socket-activate",
  "a server that systemd-socket-activate starts serves who has come before it",
  async () => {
    const path = `${folder}/web.sock`;
    const started = runFresh(
      `
      import { inheritedSockets, Listener } from "@posixly/socket";
      const [{ name, socket }] = inheritedSockets();
      const connection = await socket.accept();
      const text = new TextDecoder().decode(await connection.readAll());
      await connection.write(new TextEncoder().encode(name + " " + text.toUpperCase()));
      connection.close();
      socket.close();
    `,
      { confined: true, through: ["systemd-socket-activate", "-l", path, "--fdname=web"] },
    );
    const client = await connectWhenThere(path);
    await client.write(new TextEncoder().encode("hello"));
    await client.end();
    assert.equal(new TextDecoder().decode(await client.readAll()), "web HELLO");
    client.close();
    const { status, stdout } = await started;
    assert.deepEqual([status, stdout], [0, ""]);
  },
);

/** The activator says on standard error that it listens, and a fresh process is heard at its end. */
async function connectWhenThere(path: string) {
  for (;;) {
    try {
      return await connectUnix(path);
    } catch {
      await turns(1);
    }
  }
}

test.run();
