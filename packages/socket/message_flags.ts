import {
  MSG_CONFIRM,
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_EOR,
  MSG_MORE,
  MSG_OOB,
  MSG_PEEK,
  MSG_TRUNC,
  MSG_WAITALL,
} from "./libc.ts";

/**
 * How one message is sent, the flags of send(2). That a peer which is gone is an error and no
 * signal, `MSG_NOSIGNAL`, is so in any case.
 *
 * @example A header and a body in one packet
 * ```ts
 * import { receive, send, type SendOptions, socketPair } from "@posixly/socket";
 *
 * const header: SendOptions = { more: true };
 * using pair = socketPair();
 * send(pair.first, new Uint8Array(8), header);
 * send(pair.first, new Uint8Array(100));
 * ```
 */
export interface SendOptions {
  /** More follows at once: TCP holds it back, UDP makes one message of both. `MSG_MORE`. */
  readonly more?: boolean;
  /** The last byte goes ahead of the others, see {@linkcode atMark}: `MSG_OOB`. */
  readonly outOfBand?: boolean;
  /** Gives `null` rather than wait, although the socket blocks: `MSG_DONTWAIT`. */
  readonly nonBlocking?: boolean;
  /** Only to peers on a network of our own, past no gateway: `MSG_DONTROUTE`. */
  readonly dontRoute?: boolean;
  /** The peer has answered, so its neighbour entry is still good; of UDP and raw: `MSG_CONFIRM`. */
  readonly confirm?: boolean;
  /** Ends a record, where the protocol has such: `MSG_EOR`. */
  readonly endOfRecord?: boolean;
}

/**
 * How a message is received, the flags of recv(2).
 *
 * @example How long the next message is
 * ```ts
 * import { receive, type ReceiveOptions, send, socketPair } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const measure: ReceiveOptions = { peek: true, truncate: true };
 * using pair = socketPair("datagram");
 * send(pair.first, new Uint8Array(1000));
 * assert.equal(receive(pair.second, new Uint8Array(0), measure), 1000);
 * ```
 */
export interface ReceiveOptions {
  /** Leaves what was received there, to be received again: `MSG_PEEK`. */
  readonly peek?: boolean;
  /** Waits until the buffer is full, if the socket blocks; on streams: `MSG_WAITALL`. */
  readonly waitAll?: boolean;
  /** The byte that was sent ahead of the others, see {@linkcode atMark}: `MSG_OOB`. */
  readonly outOfBand?: boolean;
  /**
   * Gives the real length of a message, also if that is more than the buffer holds and the rest
   * of it is lost: `MSG_TRUNC`. Only as much as the buffer holds was written to it. On a TCP
   * socket it means something else: as many bytes are thrown away, and none is written.
   */
  readonly truncate?: boolean;
  /** Gives `null` rather than wait, although the socket blocks: `MSG_DONTWAIT`. */
  readonly nonBlocking?: boolean;
}

/** The bits of {@linkcode SendOptions}. */
export const sendFlags = {
  more: MSG_MORE,
  outOfBand: MSG_OOB,
  nonBlocking: MSG_DONTWAIT,
  dontRoute: MSG_DONTROUTE,
  confirm: MSG_CONFIRM,
  endOfRecord: MSG_EOR,
};

/** The bits of {@linkcode ReceiveOptions}. */
export const receiveFlags = {
  peek: MSG_PEEK,
  waitAll: MSG_WAITALL,
  outOfBand: MSG_OOB,
  truncate: MSG_TRUNC,
  nonBlocking: MSG_DONTWAIT,
};

/** For what is waited for on the event loop, whether its socket blocks or not. */
export const atOnce: { readonly nonBlocking: true } = { nonBlocking: true };
