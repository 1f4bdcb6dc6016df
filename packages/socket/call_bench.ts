import { createSocket } from "node:dgram";
import { once } from "node:events";
import {
  bind,
  localAddress,
  receive,
  receiveFrom,
  send,
  sendTo,
  socket,
  socketPair,
} from "@posixly/socket";
import { bench } from "@posixly/testing/bench";

const byte = new Uint8Array(1);
const pair = socketPair();

bench("send and receive 1 byte", {
  ours(times) {
    for (let i = 0; i < times; i++) {
      send(pair.first, byte);
      receive(pair.second, byte);
    }
  },
  peers: {
    C: `
      #include <sys/socket.h>
      void run(long times) {
        static int ends[2];
        static char byte;
        if (ends[1] == 0) socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
        while (times--) {
          send(ends[0], &byte, 1, MSG_NOSIGNAL);
          recv(ends[1], &byte, 1, 0);
        }
      }
    `,
  },
});

const message = new Uint8Array(64);
const buffer = new Uint8Array(1500);
const [client, server] = [socket("ipv4", "datagram"), socket("ipv4", "datagram")];
bind(server, "127.0.0.1:0");
const address = localAddress(server);

bench("a message of 64 bytes by UDP, and who sent it", {
  ours(times) {
    for (let i = 0; i < times; i++) {
      sendTo(client, message, address);
      receiveFrom(server, buffer);
    }
  },
  peers: {
    C: `
      #include <arpa/inet.h>
      #include <sys/socket.h>
      void run(long times) {
        static int client, server;
        static struct sockaddr_in address, sender;
        static char message[64], buffer[1500];
        if (server == 0) {
          client = socket(AF_INET, SOCK_DGRAM, 0);
          server = socket(AF_INET, SOCK_DGRAM, 0);
          address.sin_family = AF_INET;
          address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
          bind(server, (struct sockaddr *)&address, sizeof address);
          socklen_t length = sizeof address;
          getsockname(server, (struct sockaddr *)&address, &length);
        }
        while (times--) {
          socklen_t length = sizeof sender;
          sendto(client, message, sizeof message, 0, (struct sockaddr *)&address, sizeof address);
          recvfrom(server, buffer, sizeof buffer, 0, (struct sockaddr *)&sender, &length);
        }
      }
    `,
    "node:dgram": (() => {
      const [from, to] = [createSocket("udp4"), createSocket("udp4")];
      let bound: Promise<unknown> | undefined;
      return async (times) => {
        await (bound ??= once(to.bind(0, "127.0.0.1"), "listening"));
        const { port } = to.address();
        for (let i = 0; i < times; i++) {
          const received = once(to, "message");
          from.send(message, port, "127.0.0.1");
          await received;
        }
      };
    })(),
  },
});
