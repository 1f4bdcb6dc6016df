import {
  MessageBatch,
  receiveMessages,
  sendMessages,
  setOptions,
  socketPair,
} from "@posixly/socket";
import { bench } from "@posixly/testing/bench";

const COUNT = 64;
const { first, second } = socketPair("datagram");
setOptions(first, { sendBuffer: 2 ** 20 });
const outgoing = new MessageBatch({ messages: COUNT, bytes: 64 });
const incoming = new MessageBatch({ messages: COUNT, bytes: 64 });
while (outgoing.add(new Uint8Array(64)) !== null);

/** The kernel queues a few for a socket that nobody receives from, so both sides go step by step. */
function exchange(): void {
  for (let from = 0; from < COUNT;) {
    from += sendMessages(first, outgoing, { first: from })!;
    receiveMessages(second, incoming);
  }
}

bench(`send and receive ${COUNT} datagrams of 64 bytes`, {
  ours(times) {
    for (let i = 0; i < times; i++) exchange();
  },
  peers: {
    C: `
      #define _GNU_SOURCE
      #include <sys/socket.h>
      enum { COUNT = ${COUNT}, SIZE = 64 };
      static struct mmsghdr outgoing[COUNT], incoming[COUNT];
      static struct iovec from[COUNT], to[COUNT];
      static char bytes[2][COUNT][SIZE], names[COUNT][128], controls[COUNT][256];
      void run(long times) {
        static int ends[2];
        if (ends[1] == 0) {
          socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends);
          for (int i = 0; i < COUNT; i++) {
            from[i] = (struct iovec){ bytes[0][i], SIZE };
            to[i] = (struct iovec){ bytes[1][i], SIZE };
            outgoing[i].msg_hdr.msg_iov = &from[i];
            incoming[i].msg_hdr.msg_iov = &to[i];
            outgoing[i].msg_hdr.msg_iovlen = incoming[i].msg_hdr.msg_iovlen = 1;
            incoming[i].msg_hdr.msg_name = names[i];
            incoming[i].msg_hdr.msg_control = controls[i];
          }
        }
        while (times--) {
          for (int sent = 0; sent < COUNT;) {
            sent += sendmmsg(ends[0], outgoing + sent, COUNT - sent, MSG_NOSIGNAL);
            for (int i = 0; i < COUNT; i++) {
              incoming[i].msg_hdr.msg_namelen = sizeof names[i];
              incoming[i].msg_hdr.msg_controllen = sizeof controls[i];
            }
            recvmmsg(ends[1], incoming, COUNT, MSG_WAITFORONE | MSG_CMSG_CLOEXEC, 0);
          }
        }
      }
    `,
  },
});
