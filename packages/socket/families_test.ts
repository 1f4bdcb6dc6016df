import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { runFresh, testWhere, withoutLeaks } from "@posixly/testing";
import { test } from "uvu";
import {
  bind,
  DatagramSocket,
  MessageBatch,
  receiveMessage,
  receiveMessages,
  socket,
  udp,
} from "@posixly/socket";

/** Whether this process may have a network of its own, as root may. */
const mayUnshare = /^CapEff:\t[0-9a-f]*[2367abef][0-9a-f]{5}$/m.test(
  readFileSync("/proc/self/status", "utf8"),
);

testWhere(
  mayUnshare && existsSync("/dev/net/tun"),
  "CAP_SYS_ADMIN and /dev/net/tun",
  "a network card of our own is announced, and packets go out and come in by it",
  async () => {
    const { stdout, stderr } = await runFresh(
      `
      import { execFileSync } from "node:child_process";
      import { ioctl, open, read, write } from "@posixly/fd";
      import { whenReadable } from "@posixly/mux";
      import { bind, DatagramSocket, socket, udp } from "@posixly/socket";

      const uevents = new DatagramSocket(socket("netlink", "datagram", "kobjectUevent").release());
      bind(uevents, { family: "netlink", pid: 0, groups: 1 });

      const TUNSETIFF = 0x400454ca, IFF_TUN_NO_PI = 0x1001;
      const tun = open("/dev/net/tun", { read: true, write: true, nonBlocking: true });
      const name = new Uint8Array(40);
      new TextEncoder().encodeInto("tun0", name);
      new DataView(name.buffer).setUint16(16, IFF_TUN_NO_PI, true);
      ioctl(tun, TUNSETIFF, name);
      for await (const { bytes } of uevents) {
        const [what] = new TextDecoder().decode(bytes).split("\\0");
        if (!what.endsWith("tun0")) continue;
        console.log(what);
        break;
      }

      execFileSync("ip", ["address", "add", "10.9.0.1/24", "dev", "tun0"]);
      execFileSync("ip", ["link", "set", "tun0", "up"]);
      const client = udp("10.9.0.1:0");
      await client.send(new Uint8Array([1, 2, 3]), "10.9.0.2:7");
      const packet = new Uint8Array(1500);
      let length = 0;
      do length = await whenReadable(tun, () => read(tun, packet));
      while (packet[9] !== 17); // other than UDP, such as what the kernel asks its neighbours
      console.log(packet.slice(16, 20).join("."), packet.slice(28, length).join());

      // The same packet back: both addresses and ports change places, which leaves the checksum.
      const swap = (at, size) => {
        const first = packet.slice(at, at + size);
        packet.copyWithin(at, at + size, at + 2 * size);
        packet.set(first, at + size);
      };
      swap(12, 4);
      swap(20, 2);
      write(tun, packet.slice(0, length));
      const { bytes, from } = await client.receive();
      console.log(bytes.join(), from.host, from.port);
      for (const each of [uevents, tun, client]) each.close();
    `,
      { through: ["unshare", "--net"] },
    );
    assert.equal(stderr, "");
    assert.deepEqual(stdout.trim().split("\n"), [
      "add@/devices/virtual/net/tun0",
      "10.9.0.2 1,2,3",
      "1,2,3 10.9.0.2 7",
    ]);
  },
);

test("messages of netlink come whole, however long, and say that the kernel sent them", () =>
  withoutLeaks(async () => {
    using netlink = new DatagramSocket(socket("netlink", "raw", "route").release());
    const request = new DataView(new ArrayBuffer(32));
    request.setUint32(0, 32, true);
    request.setUint16(4, 18, true); // RTM_GETLINK
    request.setUint16(6, 0x301, true); // NLM_F_REQUEST | NLM_F_DUMP
    await netlink.send(request, "netlink:0:0");
    for (let isDone = false; !isDone;) {
      const { bytes, from } = await netlink.receive();
      assert.deepEqual(from, { family: "netlink", pid: 0, groups: 0 });
      const view = new DataView(bytes.buffer);
      let at = 0;
      while (at < bytes.length) {
        isDone ||= view.getUint16(at + 4, true) === 3; // NLMSG_DONE
        at += (view.getUint32(at, true) + 3) & ~3;
      }
      assert.equal(at, bytes.length);
    }
  }));

/** Whether this process may have packet sockets, as root may. */
const mayCapture = /^CapEff:\t[0-9a-f]*[2367abef][0-9a-f]{3}$/m.test(
  readFileSync("/proc/self/status", "utf8"),
);

testWhere(
  mayCapture,
  "CAP_NET_RAW",
  "a packet socket, which refuses what is about descriptors, gives its messages all the same",
  () =>
    withoutLeaks(async () => {
      using packets = socket("packet", "raw", 0);
      bind(packets, { family: "packet", protocol: 0x800, interface: 1 }); // lo
      const room = new Uint8Array(2048);
      assert.equal(receiveMessage(packets, room), null);
      using sender = udp("127.0.0.1:0");
      await sender.send(new Uint8Array(5), sender.localAddress);
      using message = receiveMessage(packets, room);
      assert.equal(message?.from?.family, "packet");
      await sender.send(new Uint8Array(5), sender.localAddress);
      assert.ok(receiveMessages(packets, new MessageBatch())! > 0);
    }),
);

test.run();
