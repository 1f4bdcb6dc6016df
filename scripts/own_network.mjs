// A network of one's own, where only loopback is: for examples that send packets of their own
// making. It takes CAP_SYS_ADMIN, and is that of the thread that asks for it.
import { ioctl } from "@posixly/fd";
import { socket } from "@posixly/socket";
import { bind, ok } from "@posixly/sys";

const CLONE_NEWNET = 0x4000_0000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;

/** Leaves the network that the machine has. */
export function enterOwnNetwork() {
  ok(bind({ unshare: ["i32", "i32"] }).unshare(CLONE_NEWNET), "unshare");
  bringUp("lo");
}

function bringUp(name) {
  const request = new Uint8Array(40); // struct ifreq: a name, and at 16 the flags
  request.set(new TextEncoder().encode(name));
  request[16] = IFF_UP;
  const any = socket("ipv4", "datagram"); // closed here, as Node 20 does not know `using`
  ioctl(any, SIOCSIFFLAGS, request);
  any.close();
}
