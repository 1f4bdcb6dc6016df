import type { LayerName, WireError } from "./error.ts";

const layerNames: Readonly<Partial<Record<LayerName, string>>> = {
  ethernet: "ether",
  ipv4: "ip",
  ipv6: "ip6",
  icmpv6: "icmp6",
  hopByHop: "hbh",
  destinationOptions: "dstopt",
  routing: "rt6",
  fragment: "frag",
  authentication: "ah",
};

/** What could not be read: `[|tcp]` if too little of it is there. */
export function unreadText({ layer, reason, message }: WireError): string {
  const name = layerNames[layer] ?? layer;
  if (reason === "truncated") return `[|${name}]`;
  return `[bad ${name}: ${message.slice(message.indexOf(": ") + 2)}]`;
}
