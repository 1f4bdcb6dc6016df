import assert from "node:assert/strict";
import { sockets } from "@posixly/ports";
import { runFresh } from "@posixly/testing";
import { test } from "uvu";
import { Crowd, testAlone } from "./crowd_fixture.ts";

testAlone("/proc tells the same, but for how many may wait to be accepted", async () => {
  using _crowd = await new Crowd().gather();
  const told = (source: "netlink" | "proc") =>
    [...sockets({ source })].map((entry) => {
      const { protocol, family, local, remote, state, uid, inode, timer } = entry;
      const sendQueue = state === "listening" ? 0 : entry.sendQueue;
      const { receiveQueue } = entry;
      const waits = timer?.kind;
      return JSON.stringify(
        { protocol, family, local, remote, state, uid, inode, receiveQueue, sendQueue, waits },
      );
    }).sort();
  assert.deepEqual(told("proc"), told("netlink"));
  assert.equal(sockets({ source: "proc" }).source, "proc");
  assert.equal(sockets().source, "netlink");
});

testAlone(
  "where netlink is refused, /proc is asked, and what it does not know is refused",
  async () => {
    using _crowd = await new Crowd().gather();
    const { stdout, stderr } = await runFresh(
      `
    import { findConnection, sockets } from "@posixly/ports";
    const list = sockets({ protocol: "tcp", owners: true });
    const [{ local, remote }] = sockets({ filter: "state established" });
    const found = findConnection(local, remote);
    const attempt = (options) => {
      try {
        return sockets(options);
      } catch ({ name, code }) {
        return code ?? name;
      }
    };
    console.log(JSON.stringify([
      list.source,
      list.length,
      found.state,
      found.cookie ?? null,
      attempt({ filter: "autobound" }),
      attempt({ source: "netlink" }),
    ]));
    `,
      {
        through: ["strace", "-fqq", "-o", "/dev/null", "-e", "inject=socket:error=EACCES"],
      },
    );
    assert.equal(stderr, "");
    const count = sockets({ protocol: "tcp", source: "proc" }).length;
    assert.deepEqual(JSON.parse(stdout), ["proc", count, "established", null, "Error", "EACCES"]);
  },
);

testAlone("a /proc that is not there is an error, and no machine without sockets", async () => {
  const missing = (file: string) => ({
    through: ["strace", "-fqq", "-o", "/dev/null", "-P", `/proc/thread-self/net/${file}`, "-e"]
      .concat("inject=openat:error=ENOENT"),
  });
  const program = `
    import { sockets } from "@posixly/ports";
    try {
      console.log(sockets({ protocol: "tcp", source: "proc" }).length);
    } catch ({ code, path }) {
      console.log(code, path);
    }
  `;
  const found = await runFresh(program, missing("tcp"));
  assert.equal(found.stdout, "ENOENT /proc/thread-self/net/tcp\n", found.stderr);
  const withoutIpv6 = await runFresh(program, missing("tcp6"));
  assert.match(withoutIpv6.stdout, /^\d+\n$/, withoutIpv6.stderr);
});

testAlone("without root all is told but who has what others have open", async () => {
  using _crowd = await new Crowd().gather();
  const { stdout, stderr } = await runFresh(`
    import { bind as bindC } from "@posixly/sys";
    import { destroySocket, portSettings, sockets } from "@posixly/ports";
    import { udp } from "@posixly/socket";
    bindC({ setresuid: ["i32", "u32", "u32", "u32"] }).setresuid(65534, 65534, 65534);
    const mine = udp("127.0.0.1:0");
    const list = [...sockets({ owners: true, info: true })];
    const own = list.filter(({ uid, protocol }) => uid === 65534 && protocol === "udp");
    const others = list.filter(({ inode, uid }) => inode !== 0 && uid !== 65534);
    let refusal;
    try {
      destroySocket(others[0]);
    } catch ({ code, address }) {
      refusal = [code, typeof address];
    }
    console.log(JSON.stringify([
      own.map(({ owners }) => owners[0].fd === mine.fd),
      others.length > 10,
      others.every(({ owners }) => owners === undefined),
      refusal,
      typeof portSettings().finTimeout,
    ]));
    mine.close();
  `);
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout), [[true], true, true, ["EPERM", "string"], "number"]);
});

test.run();
