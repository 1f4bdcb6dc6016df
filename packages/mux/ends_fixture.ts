// Pipes and socket pairs for the tests: the packages that have such stand on this one.
import { OwnedFd } from "@posixly/fd";
import { bind, ok } from "@posixly/sys";

/** Two ends; of a pipe, what is written to the second is read from the first. */
export type Ends = [reader: OwnedFd, writer: OwnedFd];

const libc = bind({
  pipe2: ["i32", "buffer", "i32"],
  socketpair: ["i32", "i32", "i32", "i32", "buffer"],
});
const AF_UNIX = 1;
const SOCK_STREAM = 1;
const CLOEXEC = 0x80000;
const NONBLOCK = 0x800;

/** Both ends of a pipe, of 64 KiB. */
export function pipe(flags: number = NONBLOCK): Ends {
  return two("pipe2", (numbers) => libc.pipe2(numbers, CLOEXEC | flags));
}

/** Both ends of a pipe, which block. */
export function blockingPipe(): Ends {
  return pipe(0);
}

/** Two stream sockets that are connected. */
export function socketpair(flags: number = NONBLOCK): Ends {
  const type = SOCK_STREAM | CLOEXEC | flags;
  return two("socketpair", (numbers) => libc.socketpair(AF_UNIX, type, 0, numbers));
}

/** Two stream sockets that are connected, and block. */
export function blockingSocketpair(): Ends {
  return socketpair(0);
}

function two(name: string, create: (numbers: Int32Array) => number): Ends {
  const numbers = new Int32Array(2);
  ok(create(numbers), name);
  return [new OwnedFd(numbers[0]), new OwnedFd(numbers[1])];
}
