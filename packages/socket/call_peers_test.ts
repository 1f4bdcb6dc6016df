import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { text } from "node:stream/consumers";
import { poll } from "@posixly/mux";
import { testNeeding, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  accept,
  type AddressLike,
  bind,
  connect,
  connectionError,
  type Domain,
  listen,
  localAddress,
  receive,
  receiveFrom,
  send,
  sendTo,
  shutdown,
  type Socket,
  socket,
  type SocketType,
} from "@posixly/socket";
import { printed } from "./printed_fixture.ts";

const folder = mkdtempSync("/tmp/posixly-peers-");
test.after(() => rmSync(folder, { recursive: true }));

const encode = (text: string) => new TextEncoder().encode(text);

/** Waits for an event, or fails. The peer is another process, which goes on meanwhile. */
function until(interest: "readable" | "writable", fd: Socket): void {
  assert.equal(poll([{ fd, [interest]: true }], { timeout: 20_000 }).length, 1);
}

function decoded(receiveInto: (into: Uint8Array) => number | null): string {
  const buffer = new Uint8Array(100);
  const n = receiveInto(buffer);
  assert.ok(n !== null);
  return new TextDecoder().decode(buffer.subarray(0, n));
}

function message(fd: Socket): string {
  until("readable", fd);
  return decoded((into) => receive(fd, into));
}

async function succeeds(child: ChildProcess): Promise<void> {
  if (child.exitCode === null) await once(child, "exit");
  assert.equal(child.exitCode, 0);
}

/** Talks to us as what it is told: one message there, one back; a name begins with @ or NUL. */
const python = `
import json, socket, sys
role, family, type, address = sys.argv[1:]
family, type = getattr(socket, family), getattr(socket, type)
address = json.loads(address)
address = address.replace("@", "\\0", 1) if isinstance(address, str) else tuple(address)
s = socket.socket(family, type)
connects = type != socket.SOCK_DGRAM
if role == "client":
    if not connects and family == socket.AF_UNIX:
        s.bind("")
    s.connect(address)
    s.send(b"from python")
    print(s.recv(100).decode(), end="")
else:
    s.bind(address)
    if connects:
        s.listen()
    name = s.getsockname()
    print(json.dumps(name.decode().replace("\\0", "@", 1) if isinstance(name, bytes) else name), flush=True)
    if connects:
        peer, _ = s.accept()
        peer.send(peer.recv(100).upper())
    else:
        data, sender = s.recvfrom(100)
        s.sendto(data.upper(), sender)
`;

interface Kind {
  domain: Domain;
  type: SocketType;
  ours: AddressLike;
  theirs: string | [string, number];
}

const kinds: Kind[] = [
  { domain: "ipv4", type: "stream", ours: "127.0.0.1:0", theirs: ["127.0.0.1", 0] },
  { domain: "ipv6", type: "stream", ours: "[::1]:0", theirs: ["::1", 0] },
  { domain: "ipv4", type: "datagram", ours: "127.0.0.1:0", theirs: ["127.0.0.1", 0] },
  { domain: "ipv6", type: "datagram", ours: "[::1]:0", theirs: ["::1", 0] },
  ...(["stream", "datagram", "seqpacket"] as const).flatMap((type): Kind[] => {
    const [path, name] = [`${folder}/${type}`, `@${folder}/${type}`];
    return [
      { domain: "unix", type, ours: `unix:${path}`, theirs: `${path}-theirs` },
      { domain: "unix", type, ours: `unix:${name}`, theirs: `${name}-theirs` },
    ];
  }),
];

const inPython = {
  ipv4: "AF_INET",
  ipv6: "AF_INET6",
  unix: "AF_UNIX",
  stream: "SOCK_STREAM",
  datagram: "SOCK_DGRAM",
  seqpacket: "SOCK_SEQPACKET",
} as Record<string, string>;

function startPython(role: string, { domain, type }: Kind, address: unknown): ChildProcess {
  const args = ["-c", python, role, inPython[domain], inPython[type], JSON.stringify(address)];
  return spawn("python3", args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** The address that python connects to. */
function toPython(fd: Socket): unknown {
  const own = localAddress(fd);
  if (own.family === "unix") return "path" in own ? own.path : `@${own.abstract}`;
  assert.ok(own.family === "ipv4" || own.family === "ipv6");
  return [own.host, own.port];
}

function fromPython(kind: Kind, address: string | [string, number]): AddressLike {
  if (typeof address === "string") return `unix:${address}`;
  return { family: kind.domain as "ipv4", host: address[0], port: address[1] };
}

for (const kind of kinds) {
  const { domain, type, ours, theirs } = kind;

  testNeeding(
    "python3",
    `python3 calls a server of ours: ${type} at ${ours}`,
    () =>
      withoutLeaks(async () => {
        using server = socket(domain, type);
        bind(server, ours);
        if (type !== "datagram") listen(server);
        const child = startPython("client", kind, toPython(server));
        const heard = text(child.stdout!);
        until("readable", server);
        if (type === "datagram") {
          let sender: AddressLike | null = null;
          const received = decoded((into) => {
            const { length, from } = receiveFrom(server, into)!;
            sender = from;
            return length;
          });
          assert.equal(received, "from python");
          assert.equal(sendTo(server, encode("from us"), sender!), 7);
        } else {
          using peer = accept(server)!.socket;
          assert.equal(message(peer), "from python");
          assert.equal(send(peer, encode("from us")), 7);
        }
        assert.equal(await heard, "from us");
        await succeeds(child);
      }),
  );

  testNeeding(
    "python3",
    `we call a server of python3: ${type} at ${theirs}`,
    () =>
      withoutLeaks(async () => {
        const child = startPython("server", kind, theirs);
        const [, name] = await printed(child.stdout!, /^(.+)\n/);
        const address = fromPython(kind, JSON.parse(name));
        using client = socket(domain, type);
        if (domain === "unix" && type === "datagram") bind(client, { family: "unix" });
        connect(client, address);
        until("writable", client);
        assert.equal(connectionError(client), null);
        assert.equal(send(client, encode("from us")), 7);
        assert.equal(message(client), "FROM US");
        await succeeds(child);
      }),
  );
}

testNeeding(
  "socat",
  "socat calls a server of ours, and hears until it ends",
  () =>
    withoutLeaks(async () => {
      using server = socket("ipv4", "stream");
      bind(server, "127.0.0.1:0");
      listen(server);
      const { port } = localAddress(server) as { port: number };
      const command = `printf "from socat" | socat -t20 - TCP4:127.0.0.1:${port}`;
      const child = spawn("sh", ["-c", command], { stdio: ["ignore", "pipe", "inherit"] });
      const heard = text(child.stdout);
      until("readable", server);
      using peer = accept(server)!.socket;
      send(peer, encode("from "));
      assert.equal(message(peer), "from socat");
      assert.equal(message(peer), ""); // its input is at the end
      send(peer, encode("us"));
      shutdown(peer, "write");
      assert.equal(await heard, "from us");
      await succeeds(child);
    }),
);

testNeeding(
  "socat",
  "we call a server of socat, and hear what we said",
  () =>
    withoutLeaks(async () => {
      for (const address of ["TCP4-LISTEN:0,bind=127.0.0.1", `UNIX-LISTEN:${folder}/socat`]) {
        const child = spawn("socat", ["-dd", "-t20", address, "PIPE"], {
          stdio: ["ignore", "ignore", "pipe"],
        });
        const listening = /listening on (?:AF=2 ([\d.:]+)|AF=1 "(.+?)")\n/;
        const [, tcp, unix] = await printed(child.stderr!, listening);
        using client = socket(tcp ? "ipv4" : "unix", "stream");
        connect(client, tcp ?? `unix:${unix}`);
        until("writable", client);
        assert.equal(connectionError(client), null);
        send(client, encode("echo"));
        assert.equal(message(client), "echo");
        shutdown(client, "write");
        assert.equal(message(client), "");
        await succeeds(child);
      }
    }),
);

test.run();
