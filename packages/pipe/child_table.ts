import { type AsFd, fdOf, open, OwnedFd } from "@posixly/fd";
import { ok } from "@posixly/sys";
import { blockingTwin } from "./blocking_twin.ts";
import type { Plan, Source } from "./child_plan.ts";
import { type Credentials, UNCHANGED } from "./credentials.ts";
import type { FileActions } from "./file_actions.ts";
import { isOpen, requireOpen } from "./is_open.ts";
import { F_DUPFD_CLOEXEC, F_SETFL, libc, O_NONBLOCK } from "./libc.ts";
import { pipe } from "./pipe.ts";
import type { PipeReader } from "./reader.ts";
import type { PipeWriter } from "./writer.ts";

/** The descriptor table that a child begins with, and our ends of the pipes in it. */
export class ChildTable implements Disposable {
  /**
   * By number in the child, a duplicate of what it gets there. They all lie above those numbers:
   * whatever the child puts where, it overwrites none that it still needs. So a swap is as
   * simple as anything else, and it does not matter whether ours has 0, 1 and 2 open.
   */
  readonly #there = new Map<number, OwnedFd>();
  readonly #ends = new Map<number, PipeReader | PipeWriter>();
  #above = 0;

  readonly #owner: Credentials;

  /** @param owner Who the child runs as */
  constructor(owner: Credentials) {
    this.#owner = owner;
  }

  /** Opens what the plan says. */
  open(plan: Plan): void {
    this.#above = Math.max(...plan.keys()) + 1;
    // All are looked at first, or a closed number would soon stand for something of ours.
    const existing = [...plan].filter(([number, source]) => exists(number, source));
    for (const [number, source] of existing) this.#place(number, source);
  }

  #place(number: number, source: Source): void {
    if (source === "pipe") return this.#placePipe(number);
    if (source === "inherit") return this.#placeFd(number, number);
    if (source === "stdout") return this.#placeStdout(number);
    using opened = source === "null"
      ? open("/dev/null", { read: true, write: true })
      : blockingTwin(source);
    this.#placeFd(number, opened ?? source as AsFd);
  }

  /** A real pipe, and not a pair of sockets as runtimes use, so that it can be opened again. */
  #placePipe(number: number): void {
    const { reader, writer } = pipe({ nonBlocking: false });
    const [theirs, ours] = number === 0 ? [reader, writer] : [writer, reader];
    this.#ends.set(number, ours);
    using _closedHere = theirs;
    ok(libc.fcntl(ours.fd, F_SETFL, O_NONBLOCK), "fcntl", { fd: ours.fd });
    this.#handOver(theirs);
    this.#placeFd(number, theirs);
  }

  /**
   * Only the owner of a pipe may open it again, which some do with `/dev/stdout`. If it may not
   * be given away, that user may not be either, and nothing will start.
   */
  #handOver({ fd }: OwnedFd): void {
    const { uid = UNCHANGED, gid = UNCHANGED } = this.#owner;
    if (uid !== UNCHANGED || gid !== UNCHANGED) libc.fchown(fd, uid, gid);
  }

  #placeStdout(number: number): void {
    const stdout = this.#there.get(1);
    if (stdout !== undefined) this.#placeFd(number, stdout);
  }

  #placeFd(number: number, source: AsFd): void {
    const fd = typeof source === "number" ? source : source.fd;
    const duplicate = ok(libc.fcntl(fd, F_DUPFD_CLOEXEC, this.#above), "fcntl", { fd });
    this.#there.set(number, new OwnedFd(duplicate));
  }

  /** What the child has to do for its table to be this one, and to have nothing else. */
  arrange(actions: FileActions): void {
    for (const [number, { fd }] of this.#there) actions.duplicate(fd, number);
    for (let fd = 0; fd < this.#above; fd++) if (!this.#there.has(fd)) actions.close(fd);
    actions.closeFrom(this.#above);
  }

  /** Gives away our end of the pipe at one of the child's numbers. */
  takeEnd(number: number): PipeReader | PipeWriter | null {
    const end = this.#ends.get(number) ?? null;
    this.#ends.delete(number);
    return end;
  }

  /** Closes what was the child's, and our ends if nobody took them. */
  [Symbol.dispose](): void {
    for (const fd of this.#there.values()) fd.close();
    for (const end of this.#ends.values()) end.close();
  }
}

/** Whether there is anything to give. What is closed here and to be inherited is closed there. */
function exists(number: number, source: Source): boolean {
  if (source === "inherit") return isOpen(number);
  if (typeof source !== "string") requireOpen(fdOf(source));
  return true;
}
