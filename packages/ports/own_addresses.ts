import { open, readAll } from "@posixly/fd";
import { formatIpv6 } from "@posixly/socket";

/**
 * The addresses of this machine that others may reach it at: those of IPv4 or of IPv6 without the
 * ones of a link.
 */
export function ownAddresses(family: "ipv4" | "ipv6"): string[] {
  const found = family === "ipv4" ? ipv4(read("fib_trie")) : ipv6(read("if_inet6"));
  return [...new Set(found)];
}

function ipv4(text: string): string[] {
  const locals = text.matchAll(/\|-- ([\d.]+)\n\s+\/32 host LOCAL/g);
  return Array.from(locals, ([, host]) => host).filter((host) => !host.startsWith("127."));
}

function ipv6(text: string): string[] {
  const lines = text.matchAll(/^([0-9a-f]{32}) \w+ \w+ (\w+)/gm);
  return Array.from(lines).filter(([, , scope]) => scope === GLOBAL)
    .map(([, digits]) =>
      formatIpv6(Uint8Array.from(digits.match(/../g)!, (it) => parseInt(it, 16)))
    );
}

/** `IPV6_ADDR_SCOPE_GLOBAL`, as the file has it. */
const GLOBAL = "00";

function read(name: string): string {
  using file = open(`/proc/thread-self/net/${name}`); // of a thread, as network namespaces are
  return new TextDecoder().decode(readAll(file));
}
