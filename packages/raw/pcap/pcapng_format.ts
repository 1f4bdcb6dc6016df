/** The types of the blocks of pcapng, section 11.1 of its specification. */
export const SECTION = 0x0a0d0d0a; // the same in either byte order
export const INTERFACE = 1;
export const OLD_PACKET = 2;
export const SIMPLE_PACKET = 3;
export const NAMES = 4;
export const STATISTICS = 5;
export const PACKET = 6;
export const SECRETS = 10;
export const CUSTOM = 0x00000bad;
export const CUSTOM_NOT_COPYABLE = 0x40000bad;

/** What tells the byte order of a section. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** The options that say how an interface counts time. */
export const IF_TSRESOL = 9;
export const IF_TSOFFSET = 14;

/** What is counted where nothing is said: microseconds. */
export const DEFAULT_RESOLUTION = 6;

/** A type and a length before what a block has, and the length again after it. */
export const FRAME = 12;
