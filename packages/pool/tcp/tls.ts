import type { Socket } from "node:net";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { unlessAborted } from "@posixly/mux";
import { over } from "./node_socket.ts";
import { TlsSessions } from "./tls_sessions.ts";

/** Agrees on TLS with whoever is at the other end, and remembers that for the next time. */
export class Tls {
  readonly #sessions = new TlsSessions();

  /**
   * @param server Who is at the other end, as what sessions are remembered by
   * @param settings What node:tls is told; `host` and `servername` among it
   * @throws What node:tls says if it cannot be agreed on, or the signal's reason; then the socket is
   * destroyed
   */
  async secure(
    socket: Socket,
    server: string,
    settings: ConnectionOptions,
    signal: AbortSignal,
  ): Promise<TLSSocket> {
    const secure = connect({ ...settings, socket, session: this.#sessions.get(server) });
    over(secure, socket);
    secure.on("session", (session) => this.#sessions.set(server, session));
    try {
      await unlessAborted(agreed(secure), signal);
      return secure;
    } catch (error) {
      this.#sessions.delete(server);
      secure.destroy();
      socket.destroy();
      throw error;
    }
  }
}

function agreed(secure: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const closed = () => reject(new Error("Cannot agree on TLS: the connection was closed"));
    secure.once("error", reject);
    secure.once("close", closed);
    secure.once("secureConnect", () => {
      secure.off("error", reject);
      secure.off("close", closed);
      resolve();
    });
  });
}
