/**
 * Files of captured packets, pcap and pcapng: read and written as streams. Nothing here touches
 * native code.
 *
 * @module
 */
export {};
