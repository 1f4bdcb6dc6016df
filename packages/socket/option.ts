import type { Decoder, Encoder, Kind } from "./option_kind.ts";

/** An option of sockets: where it is, and how its value lies in memory. */
export interface Option<K> {
  readonly level: number;
  readonly number: number;
  readonly kind: K;
  /** The version of Linux that brought it, if there are older ones in use. */
  readonly since: string | undefined;
}

// For each name of an interface an option with values of the type that it says: to be read and
// set, to be read only, to be set only.
export type OptionTable<T> = { readonly [Name in keyof T]: Option<Kind<T[Name]>> };
export type FactTable<T> = { readonly [Name in keyof T]: Option<Decoder<T[Name]>> };
export type CommandTable<T> = { readonly [Name in keyof T]: Option<Encoder<T[Name]>> };

/** Makes options of one level. */
export function optionsOf(level: number) {
  return <K>(number: number, kind: K, since?: string): Option<K> => (
    { level, number, kind, since }
  );
}
