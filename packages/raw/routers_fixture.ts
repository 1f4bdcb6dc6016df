import { execFileSync } from "node:child_process";
import process from "node:process";
import { isAlone, run, setting } from "./network_fixture.ts";

/** Who has just got an address would not say so for a second, and nobody could answer him. */
const AT_ONCE = "net.ipv6.conf.default.accept_dad=0";
if (isAlone) setting("ipv6/conf/default/accept_dad", "0");

/** What a test that was killed in between would leave to the machine. */
const living = new Set<string>();
process.on("exit", () => living.forEach((name) => run(`ip netns del ${name}`)));

/** A network namespace that is there for a test. */
export class Namespace implements Disposable {
  static #made = 0;
  readonly name: string = `raw-${process.pid}-${Namespace.#made++}`;
  /** What is here of a cable that leads there, and goes with it. */
  link: string | undefined;

  constructor() {
    run(`ip netns add ${this.name}`);
    living.add(this.name);
    this.batch(["link set lo up"]);
    this.set(AT_ONCE);
  }

  /** Runs a command there, without a shell. */
  run(command: string): string {
    return run(`ip netns exec ${this.name} ${command}`);
  }

  /** What a program is started through to be there. */
  get through(): string[] {
    return ["ip", "netns", "exec", this.name];
  }

  /** Runs commands of ip(8) there, all in one process. */
  batch(commands: readonly string[]): void {
    ip(commands, ["-n", this.name]);
  }

  /** Sets settings of the network there, such as `net.ipv4.ip_forward=1`. */
  set(...settings: string[]): void {
    this.run(`sysctl -q -w ${settings.join(" ")}`);
  }

  [Symbol.dispose](): void {
    // The kernel takes a namespace apart when it has time; a cable goes at once.
    if (this.link !== undefined) run(`ip link del ${this.link}`);
    run(`ip netns del ${this.name}`);
    living.delete(this.name);
  }
}

/** Runs commands of ip(8), all in one process. */
export function ip(commands: readonly string[], options: readonly string[] = []): void {
  const input = `${commands.join("\n")}\n`;
  execFileSync("ip", [...options, "-batch", "-"], { input, stdio: ["pipe", "ignore", "pipe"] });
}

/** A cable from here to a namespace: 10.9.0.1 and fd09::1 here, 10.9.0.2 and fd09::2 there. */
export function neighbor(): Namespace {
  const there = new Namespace();
  try {
    ip([`link add near0 type veth peer name far0 netns ${there.name}`]);
    there.link = "near0";
    ip([
      "addr add 10.9.0.1/24 dev near0",
      "addr add fd09::1/64 dev near0 nodad",
      "link set near0 up",
    ]);
    there.batch([
      "addr add 10.9.0.2/24 dev far0",
      "addr add fd09::2/64 dev far0 nodad",
      "link set far0 up",
    ]);
    return there;
  } catch (error) {
    there[Symbol.dispose]();
    throw error;
  }
}

/**
 * Two routers in a row, and a host behind them:
 *
 * ```text
 * here 10.9.1.1 -- 10.9.1.2 first 10.9.2.1 -- 10.9.2.2 second 10.9.3.1 -- 10.9.3.2 target
 * here fd09:1::1 - fd09:1::2 first fd09:2::1 - fd09:2::2 second fd09:3::1 - fd09:3::2 target
 * ```
 */
export interface Routers extends Disposable {
  readonly first: Namespace;
  readonly second: Namespace;
  readonly target: Namespace;
}

/** Makes them; disposing of it takes all away. */
export function routers(): Routers {
  const made: Namespace[] = [];
  const dispose = () => made.forEach((namespace) => namespace[Symbol.dispose]());
  try {
    while (made.length < 3) made.push(new Namespace());
    wire(made);
    const [first, second, target] = made;
    return { first, second, target, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

function wire(made: readonly Namespace[]): void {
  for (const [i, there] of made.entries()) connect(i + 1, made[i - 1], there);
  const [first, second, target] = made;
  ip(["route add 10.9.0.0/16 via 10.9.1.2", "route add fd09::/16 via fd09:1::2"]);
  first.batch(["route add 10.9.3.0/24 via 10.9.2.2", "route add fd09:3::/64 via fd09:2::2"]);
  second.batch(["route add 10.9.1.0/24 via 10.9.2.1", "route add fd09:1::/64 via fd09:2::1"]);
  target.batch(["route add default via 10.9.3.1", "route add default via fd09:3::1"]);
  for (const router of [first, second]) {
    router.set("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1");
  }
  for (const there of made) {
    there.set("net.ipv4.icmp_ratemask=0", "net.ipv6.icmp.ratelimit=0");
  }
}

function connect(link: number, near: Namespace | undefined, far: Namespace): void {
  const there = near === undefined ? ip : (commands: string[]) => near.batch(commands);
  there([`link add down${link} type veth peer name up${link} netns ${far.name}`]);
  if (near === undefined) far.link = `down${link}`;
  there([
    `addr add 10.9.${link}.1/24 dev down${link}`,
    `addr add fd09:${link}::1/64 dev down${link} nodad`,
    `link set down${link} up`,
  ]);
  far.batch([
    `addr add 10.9.${link}.2/24 dev up${link}`,
    `addr add fd09:${link}::2/64 dev up${link} nodad`,
    `link set up${link} up`,
  ]);
}
