import assert from "node:assert/strict";
import { eventfd, ioctl, memfd, type OwnedFd, pty, read, write } from "@posixly/fd";
import { epoll, EpollEvents, type Interest, poll, type Readiness, select } from "@posixly/mux";
import { bind, ok } from "@posixly/sys";
import { withoutLeaks } from "@posixly/testing";
import fc from "fast-check";
import { test } from "uvu";
import { pipe, socketpair } from "./ends_fixture.ts";

const libc = bind({ shutdown: ["i32", "i32", "i32"] });
const SHUT_WR = 1;
const TIOCPKT = 0x5420;
const TCFLSH = 0x540b;
const TCIOFLUSH = 2;

type Name = keyof Readiness;
type Thing = { fd: OwnedFd; expected: () => Name[] };
type Step = () => void;

const bytes = new Uint8Array(65536);

function drain(fd: OwnedFd): void {
  while ((read(fd, bytes) ?? 0) > 0);
}

/** The names whose condition holds. */
function those(conditions: Partial<Record<Name, boolean>>): Name[] {
  return (Object.keys(conditions) as Name[]).filter((name) => conditions[name]);
}

/** A counter: readable unless it is 0, writable unless it is full. */
function counterWorld(): [Thing[], Step[]] {
  const fd = eventfd();
  const most = 2n ** 64n - 2n;
  let count = 0n;
  return [
    [{ fd, expected: () => those({ readable: count > 0n, writable: count < most }) }],
    [
      () => fd.add(1) && count++,
      () => fd.add(most - count) && (count = most),
      () => fd.take() && (count = 0n),
    ],
  ];
}

/** A pipe: empty, with something in it, or full; both ends, either of which may be closed. */
function pipeWorld(): [Thing[], Step[]] {
  const [reader, writer] = pipe();
  let queued: "nothing" | "something" | "all" = "nothing";
  return [
    [
      {
        fd: reader,
        expected: () => those({ readable: queued !== "nothing", hangUp: writer.closed }),
      },
      {
        fd: writer,
        expected: () => those({ writable: queued !== "all", error: reader.closed }),
      },
    ],
    [
      () => {
        if (writer.closed || reader.closed || queued !== "nothing") return;
        write(writer, bytes.subarray(0, 1));
        queued = "something";
      },
      () => {
        if (writer.closed || reader.closed) return;
        while (write(writer, bytes.subarray(0, 4096)) !== null);
        queued = "all";
      },
      () => {
        if (reader.closed) return;
        drain(reader);
        queued = "nothing";
      },
      () => writer.close(),
      () => {
        if (queued === "nothing") reader.close();
      },
    ],
  ];
}

/** Two sockets: each may have something from the other, and say that nothing more comes. */
function socketWorld(): [Thing[], Step[]] {
  const sockets = socketpair();
  const queued = [false, false];
  const ended = [false, false];
  const expected = (i: number) => () =>
    those({
      readable: queued[i] || ended[1 - i],
      writable: true,
      readHangUp: ended[1 - i],
      hangUp: ended[0] && ended[1],
    });
  return [
    sockets.map((fd, i) => ({ fd, expected: expected(i) })),
    sockets.flatMap((fd, i) => [
      () => {
        if (ended[i]) return;
        write(fd, bytes.subarray(0, 9));
        queued[1 - i] = true;
      },
      () => {
        drain(fd);
        queued[i] = false;
      },
      () => {
        ok(libc.shutdown(fd.fd, SHUT_WR), "shutdown");
        ended[i] = true;
      },
    ]),
  ];
}

/** A terminal whose controller is told of changes of state: what counts as exceptional. */
function terminalWorld(): [Thing[], Step[]] {
  const { controller, terminal } = pty({ nonBlocking: true });
  ioctl(controller, TIOCPKT, Int32Array.of(1));
  let flushed = false;
  return [
    [
      {
        fd: controller,
        expected: () => those({ readable: flushed, writable: true, priority: flushed }),
      },
      { fd: terminal, expected: () => ["writable"] },
    ],
    [
      () => {
        ioctl(terminal, TCFLSH, TCIOFLUSH);
        flushed = true;
      },
      () => {
        drain(controller);
        flushed = false;
      },
    ],
  ];
}

/** A file is always ready, and epoll refuses it. */
function fileWorld(): [Thing[], Step[]] {
  return [[{ fd: memfd(), expected: () => ["readable", "writable"] }], []];
}

const interests = fc.record({
  readable: fc.boolean(),
  writable: fc.boolean(),
  priority: fc.boolean(),
  readHangUp: fc.boolean(),
});

/** Of what there is, what the kernel tells one who asks for this. */
function told(there: Name[], interest: Interest): Name[] {
  return there.filter((name) =>
    name === "hangUp" || name === "error" || interest[name as keyof Interest]
  );
}

function namesOf(readiness: Readiness): Name[] {
  return those({ ...readiness, ...{ entry: false, token: false, invalid: false } }).sort();
}

test("select, poll and epoll agree with each other, and with what was done", () =>
  withoutLeaks(() => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(), { maxLength: 30 }),
        fc.array(interests, { minLength: 8, maxLength: 8 }),
        (choices, asked) => {
          const worlds = [counterWorld(), pipeWorld(), socketWorld(), terminalWorld(), fileWorld()];
          const things = worlds.flatMap(([things]) => things);
          const steps = worlds.flatMap(([, steps]) => steps);
          try {
            for (const choice of choices) steps[choice % steps.length]();
            const open = things.filter(({ fd }) => !fd.closed);
            const entries = open.map(({ fd }, i) => ({ fd, ...asked[i] }));
            const all = open.map(({ expected }) => expected());

            const expected = entries.map((entry, i) => told(all[i], entry).sort());
            const polled = poll(entries);
            assert.deepEqual(
              polled.map((result) => [result.entry, namesOf(result)]),
              entries.map((entry, i) => [entry, expected[i]]).filter(([, names]) =>
                (names as Name[]).length > 0
              ),
            );

            const having = (...names: Name[]) =>
              open.filter((_, i) => all[i].some((name) => names.includes(name))).map(({ fd }) =>
                fd
              );
            const fds = open.map(({ fd }) => fd);
            assert.deepEqual(select({ readable: fds, writable: fds, exceptional: fds }), {
              readable: having("readable", "hangUp", "error"),
              writable: having("writable", "error"),
              exceptional: having("priority"),
            });

            using set = epoll();
            const file = things.at(-1)!;
            assert.throws(() => set.add(file.fd, {}), { code: "EPERM", fd: file.fd.fd });
            const pollable = open.filter((thing) => thing !== file);
            pollable.forEach(({ fd }, i) => set.add(fd, asked[i], i));
            const events = new EpollEvents(16);
            set.wait(events);
            assert.deepEqual(
              [...events].map((event) => [event.token, namesOf(event)]).sort(),
              pollable.map((_, i) => [i, expected[i]]).filter(([, names]) =>
                (names as Name[]).length > 0
              ),
            );
          } finally {
            for (const { fd } of things) fd.close();
          }
        },
      ),
      { numRuns: 200 },
    );
  }));

test.run();
