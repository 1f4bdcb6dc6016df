// What the tests of `serveStatic` share.
import { once } from "node:events";
import { type Connection, connectTcp, type SocketAddress } from "@posixly/socket";
import { withoutLeaks } from "@posixly/testing";
import {
  type FinishedExchange,
  serveStatic,
  type ServeStaticOptions,
  type StaticServer,
} from "@posixly/zerocopy/http";
import { EventEmitter } from "node:events";
import { folder } from "./site_fixture.ts";

/** A server under test. */
export interface Served {
  readonly server: StaticServer;
  readonly port: number;
  /** The exchanges that are over, in the order of their ends. */
  readonly finished: FinishedExchange[];
  /** Waits until so many are over. */
  finishedSoon(count: number): Promise<FinishedExchange[]>;
  /** Connects. */
  dial(): Promise<Connection>;
}

/** Serves the folder of the tests for as long as something runs, which must leave nothing behind. */
export async function served(
  options: ServeStaticOptions,
  run: (served: Served) => Promise<void>,
): Promise<void> {
  await withoutLeaks(async () => {
    const finished: FinishedExchange[] = [];
    const news = new EventEmitter();
    const onFinish = (exchange: FinishedExchange) => {
      finished.push(exchange);
      news.emit("finished");
    };
    const server = serveStatic(folder, { onFinish, ...options });
    const finishedSoon = async (count: number) => {
      while (finished.length < count) await once(news, "finished");
      return finished;
    };
    try {
      const dial = () => connectTcp(server.address);
      await run({ server, port: portOf(server.address), finished, finishedSoon, dial });
    } finally {
      await server.close({ timeout: 0 });
    }
  });
}

/** The port of an address of the internet. */
export function portOf(address: SocketAddress): number {
  return (address as { port: number }).port;
}
