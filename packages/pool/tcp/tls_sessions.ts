import type { Buffer } from "node:buffer";

/** How many servers are remembered. */
const MOST = 100;

/** What was agreed on with each server, so that the next handshake is shorter. */
export class TlsSessions {
  readonly #sessions = new Map<string, Buffer>();

  get(server: string): Buffer | undefined {
    return this.#sessions.get(server);
  }

  set(server: string, session: Buffer): void {
    this.#sessions.delete(server);
    this.#sessions.set(server, session);
    if (this.#sessions.size <= MOST) return;
    const [oldest] = this.#sessions.keys();
    this.#sessions.delete(oldest);
  }

  delete(server: string): void {
    this.#sessions.delete(server);
  }
}
