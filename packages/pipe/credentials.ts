import process from "node:process";
import { write } from "@posixly/fd";
import { ok, requireInteger } from "@posixly/sys";
import {
  _LINUX_CAPABILITY_VERSION_3,
  capData,
  capHeader,
  libc,
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_CAP_AMBIENT_IS_SET,
  PR_CAP_AMBIENT_RAISE,
  PR_GET_DUMPABLE,
  PR_GET_PDEATHSIG,
  PR_SET_DUMPABLE,
  PR_SET_PDEATHSIG,
  SYS_capget,
  SYS_capset,
  SYS_setgroups,
  SYS_setresgid,
  SYS_setresuid,
} from "./libc.ts";

/** Who a child runs as. */
export interface Credentials {
  readonly uid?: number;
  readonly gid?: number;
  readonly groups?: readonly number[];
}

/** To a call that sets ids: leave this one as it is. It is no id. */
export const UNCHANGED = 0xffff_ffff;
const LARGEST_ID = UNCHANGED - 1;

/** Capabilities are numbered up to here, capabilities(7). */
const CAPABILITIES = 64;

export function requireCredentials({ uid, gid, groups }: Credentials): void {
  if (uid !== undefined) requireInteger(uid, "uid", 0, LARGEST_ID);
  if (gid !== undefined) requireInteger(gid, "gid", 0, LARGEST_ID);
  if (groups === undefined) return;
  if (!Array.isArray(groups)) throw new TypeError("groups must be an array of numbers");
  for (const [i, group] of groups.entries()) requireInteger(group, `groups[${i}]`, 0, LARGEST_ID);
}

/**
 * Runs a function while this thread has other credentials, and no other thread has.
 *
 * A child begins with the credentials of the thread that started it, and posix_spawn(3) cannot
 * change them. The C library's `setuid` changes all threads of a process, which is what POSIX
 * wants; the kernel's own changes one. So this thread becomes another user, starts the child and
 * becomes itself again, all in one go. Its saved id stays what it was, which is the way back; the
 * child loses that when its program begins, execve(2).
 */
export function withCredentials<T>(wanted: Credentials, run: () => T): T {
  const { uid, gid, groups } = wanted;
  if (uid === undefined && gid === undefined && groups === undefined) return run();
  const before = Identity.ofThread();
  before.requireWayBack(wanted);
  try {
    assume(wanted, before);
    return run();
  } finally {
    before.restore();
  }
}

function assume({ uid, gid, groups }: Credentials, before: Identity): void {
  const effective = { uid: before.uids[1], gid: before.gids[1] };
  // Whoever asks for another user rarely means to share the groups of root.
  const others = groups ?? (effective.uid === 0 ? [] : undefined);
  if (others !== undefined) ok(setGroups(Uint32Array.from(others)), "setgroups");
  if (gid !== undefined) ok(setGids(gid, gid, effective.gid), "setresgid", { address: `${gid}` });
  if (uid !== undefined) {
    // The kernel does this for who gives up root for good, but our way back is still open.
    if (uid !== 0) libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    ok(setUids(uid, uid, effective.uid), "setresuid", { address: `${uid}` });
  }
}

function setGroups(groups: Uint32Array): number {
  return libc.syscall$setgroups(SYS_setgroups, groups.length, groups);
}

function setGids(real: number, effective: number, saved: number): number {
  return libc.syscall$setresgid(SYS_setresgid, real, effective, saved);
}

function setUids(real: number, effective: number, saved: number): number {
  return libc.syscall$setresuid(SYS_setresuid, real, effective, saved);
}

/** Everything about a thread that a change of its ids changes, some of it by the way. */
class Identity {
  /** Real, effective and saved. */
  readonly uids: Uint32Array = ids(libc.getresuid);
  readonly gids: Uint32Array = ids(libc.getresgid);
  readonly groups: Uint32Array = groupsOfThread();
  readonly capabilities: Uint8Array = capabilitiesOfThread();
  readonly ambient: readonly number[] = ambientCapabilities();
  /**
   * Whether others may look into this process. The kernel forbids it when the effective ids
   * change, which also shields the child, who shares our memory until its program begins.
   */
  readonly dumpable: number = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  /** The signal for when the parent ends, which the kernel clears then. */
  readonly deathSignal: number = deathSignalOfThread();

  static ofThread(): Identity {
    return new Identity();
  }

  /** Refuses what could not be undone, for want of the right to. Root has it. */
  requireWayBack({ uid, gid }: Credentials): void {
    const [, effective] = this.uids;
    const lost = (all: Uint32Array, id: number | undefined) =>
      id !== undefined && all.some((other) => other !== id && other !== all[1]);
    // Who has capabilities without being root, and becomes root, has none on the way back.
    const losesCapabilities = uid === 0 && !this.uids.includes(0) &&
      this.capabilities.some((byte) => byte !== 0);
    const losesIds = effective !== 0 && (lost(this.uids, uid) || lost(this.gids, gid));
    if (losesCapabilities || losesIds) {
      throw new Error("Cannot spawn as somebody else: this thread could not become itself again");
    }
  }

  /**
   * Becomes it again. A thread that went on as somebody else would be worse than none, so if
   * that fails the process ends at once.
   */
  restore(): void {
    setUids(UNCHANGED, this.uids[1], UNCHANGED); // first: it gives back the right to the rest
    setGids(UNCHANGED, this.gids[1], UNCHANGED);
    setGroups(this.groups);
    setGids(this.gids[0], this.gids[1], this.gids[2]);
    setUids(this.uids[0], this.uids[1], this.uids[2]);
    libc.syscall$capset(SYS_capset, capHeaderOfThread(), this.capabilities);
    for (const capability of this.ambient) {
      libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0);
    }
    libc.prctl(PR_SET_PDEATHSIG, this.deathSignal, 0, 0, 0);
    libc.prctl(PR_SET_DUMPABLE, this.dumpable, 0, 0, 0);
    if (!this.#isThatOfThread()) abort();
  }

  #isThatOfThread(): boolean {
    const now = Identity.ofThread();
    return Object.keys(this).every((key) =>
      String(this[key as keyof this]) === String(now[key as keyof this & keyof Identity])
    );
  }
}

function abort(): never {
  const text = "posixly: a thread could not take its own credentials back after spawn\n";
  write(2, new TextEncoder().encode(text));
  process.abort();
}

type GetIds = (real: Uint32Array, effective: Uint32Array, saved: Uint32Array) => number;

function ids(get: GetIds): Uint32Array {
  const [real, effective, saved] = [1, 1, 1].map((length) => new Uint32Array(length));
  get(real, effective, saved);
  return Uint32Array.of(real[0], effective[0], saved[0]);
}

function groupsOfThread(): Uint32Array {
  const groups = new Uint32Array(ok(libc.getgroups(0, null), "getgroups"));
  ok(libc.getgroups(groups.length, groups), "getgroups");
  return groups;
}

function capHeaderOfThread(): Uint8Array {
  return capHeader.encode({ version: _LINUX_CAPABILITY_VERSION_3, pid: 0 });
}

function capabilitiesOfThread(): Uint8Array {
  const data = new Uint8Array(capData.size);
  ok(libc.syscall$capget(SYS_capget, capHeaderOfThread(), data), "capget");
  return data;
}

function ambientCapabilities(): number[] {
  return Array.from({ length: CAPABILITIES }, (_, capability) => capability).filter((capability) =>
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) === 1
  );
}

function deathSignalOfThread(): number {
  const signal = new Int32Array(1);
  libc.prctl$bytes(PR_GET_PDEATHSIG, signal);
  return signal[0];
}
