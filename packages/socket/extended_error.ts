import { errnoName, requireInteger, requireKnown } from "@posixly/sys";
import type { SocketAddress } from "./address.ts";
import {
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_EE_ORIGIN_LOCAL,
  SO_EE_ORIGIN_NONE,
  SO_EE_ORIGIN_TIMESTAMPING,
  SO_EE_ORIGIN_TXTIME,
  SO_EE_ORIGIN_ZEROCOPY,
  sockExtendedErr,
} from "./libc.ts";
import { nameIn } from "./name_in.ts";
import type { Kind } from "./option_kind.ts";
import { decodeAddress, encodeAddress } from "./sockaddr.ts";

/**
 * Who has put something into an error queue:
 *
 * - `local`: this kernel, which could not send
 * - `icmp`, `icmp6`: a machine on the way, or the one at its end
 * - `timestamping`: no error, but when something was sent
 * - `zerocopy`: no error, but that memory which was sent from is free again
 * - `sendTime`: this kernel, which could not send at the time it was told to
 * - `none`: somebody who does not say
 *
 * @example Usage
 * ```ts
 * import type { ErrorOrigin } from "@posixly/socket";
 *
 * const network: ErrorOrigin[] = ["icmp", "icmp6"];
 * ```
 */
export type ErrorOrigin =
  | "none"
  | "local"
  | "icmp"
  | "icmp6"
  | "timestamping"
  | "zerocopy"
  | "sendTime";

const origins: Record<ErrorOrigin, number> = {
  none: SO_EE_ORIGIN_NONE,
  local: SO_EE_ORIGIN_LOCAL,
  icmp: SO_EE_ORIGIN_ICMP,
  icmp6: SO_EE_ORIGIN_ICMP6,
  timestamping: SO_EE_ORIGIN_TIMESTAMPING,
  zerocopy: SO_EE_ORIGIN_ZEROCOPY,
  sendTime: SO_EE_ORIGIN_TXTIME,
};

/**
 * An error with all that is known of it, `struct sock_extended_err` of ip(7).
 *
 * @example Whether somebody on the way wants smaller packets, and how large they may be
 * ```ts
 * import type { ExtendedError } from "@posixly/socket";
 * import assert from "node:assert/strict";
 *
 * const mtuOf = ({ name, info }: ExtendedError) => name === "EMSGSIZE" ? info : undefined;
 *
 * const error: ExtendedError = {
 *   name: "EMSGSIZE",
 *   errno: 90,
 *   origin: "icmp",
 *   type: 3,
 *   code: 4,
 *   info: 1400,
 *   data: 0,
 *   offender: { family: "ipv4", host: "192.0.2.1", port: 0 },
 * };
 * assert.equal(mtuOf(error), 1400);
 * ```
 */
export interface ExtendedError {
  /** The name of the error, such as `ECONNREFUSED`; `null` if there is none. */
  readonly name: string | null;
  /** The number of the error; 0 if there is none. */
  readonly errno: number;
  /** Who says so; a number where that has no name. */
  readonly origin: ErrorOrigin | number;
  /** The type of the ICMP message. */
  readonly type: number;
  /** The code of the ICMP message; of `zerocopy`, 1 if the bytes were copied after all. */
  readonly code: number;
  /**
   * More: of `EMSGSIZE` the MTU; of `timestamping` what the time is of (0 the card, 1 the queue, 2
   * the acknowledgement); of `zerocopy` the first call that is done.
   */
  readonly info: number;
  /** More: of `timestamping` which packet or byte; of `zerocopy` the last call that is done. */
  readonly data: number;
  /** Whose ICMP message it was; `null` if none was. */
  readonly offender: SocketAddress | null;
}

const { ee_errno, ee_origin, ee_type, ee_code, ee_info, ee_data } = sockExtendedErr.offsets;

/** The address of the offender comes after it. */
export const extendedError: Kind<ExtendedError> = {
  size: sockExtendedErr.size,
  encode(value, name) {
    requireKnown(value, fields);
    const origin = typeof value.origin === "number" ? value.origin : origins[value.origin];
    const error = sockExtendedErr.encode({
      ee_errno: requireInteger(value.errno, `${name}.errno`),
      ee_origin: requireInteger(origin, `${name}.origin`, 0, 0xff),
      ee_type: value.type,
      ee_code: value.code,
      ee_info: value.info,
      ee_data: value.data,
    });
    const offender = value.offender === null ? new Uint8Array(0) : encodeAddress(value.offender);
    const bytes = new Uint8Array(error.length + offender.length);
    bytes.set(error);
    bytes.set(offender, error.length);
    return bytes;
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const errno = view.getUint32(ee_errno, true);
    const offender = decodeAddress(bytes.subarray(sockExtendedErr.size));
    return {
      name: errno === 0 ? null : errnoName(errno),
      errno,
      origin: nameIn(origins, bytes[ee_origin]),
      type: bytes[ee_type],
      code: bytes[ee_code],
      info: view.getUint32(ee_info, true),
      data: view.getUint32(ee_data, true),
      offender: offender.family === 0 ? null : offender,
    };
  },
};

const fields = ["name", "errno", "origin", "type", "code", "info", "data", "offender"];
