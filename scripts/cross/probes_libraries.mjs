// Which libraries beside that of C are not there.
import { join } from "node:path";
import { root } from "../files.mjs";

const built = (name, file) => join(root, "packages", name, "dist", file);
const { libpcap } = await import(built("raw", "libc.js"));

/** What is lacking, by name with what happened. */
export function lackingLibraries() {
  try {
    void libpcap.pcap_close; // opens it
    return {};
  } catch (error) {
    if (error.name !== "LibraryNotFoundError") throw error;
    return { libpcap: "no such library" };
  }
}
