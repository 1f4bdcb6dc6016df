/**
 * Filters of packets, classic BPF: assembled, disassembled, validated, and run in JavaScript as the
 * kernel runs them. Nothing here touches native code.
 *
 * @module
 */
export {};
