import { interfaceIndex, interfaceName } from "@posixly/socket";
import { requireInteger } from "@posixly/sys";

/** The index of an interface that is called by its name or its index; 0 for all of them. */
export function indexOf(called: string | number | undefined): number {
  if (called === undefined) return 0;
  return typeof called === "string"
    ? interfaceIndex(called)
    : requireInteger(called, "interface", 1);
}

/** The name of an interface that is called by either; `SO_BINDTODEVICE` takes no index. */
export function nameOf(called: string | number | undefined): string | undefined {
  if (called === undefined || typeof called === "string") return called;
  return interfaceName(requireInteger(called, "interface", 1));
}
