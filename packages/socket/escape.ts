import { bytesOf, textOf } from "./text.ts";

// Names of Unix in a line of text: what would not be seen there goes as `\x` and two digits.

/** Controls, invisible and unassigned characters, ends of lines, and the backslash. */
const odd = /[\\\p{C}\p{Zl}\p{Zp}]/gu;
const escape = /(\\x[\da-f]{2}|\\\\)/i;

/** A name as text; of one that is not UTF-8, only the bytes of ASCII are shown as they are. */
export function escapeName(name: string | Uint8Array): string {
  if (typeof name === "string") return name.replace(odd, escapeCharacter);
  return Array.from(name, (byte) => {
    const character = String.fromCharCode(byte);
    return byte < 0x80 ? character.replace(odd, escapeCharacter) : escapeByte(byte);
  }).join("");
}

function escapeCharacter(character: string): string {
  if (character === "\\") return "\\\\";
  return Array.from(bytesOf(character, "name"), escapeByte).join("");
}

/** One byte. */
export function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

/** The name that the text stands for. */
export function unescapeName(text: string): string | Uint8Array {
  const bytes = text.split(escape).flatMap((part, i) => {
    if (i % 2 === 1) return part === "\\\\" ? [0x5c] : [parseInt(part.slice(2), 16)];
    if (!part.includes("\\")) return [...bytesOf(part, "name")];
    throw new TypeError(`a backslash must be followed by another, or by x and two digits: ${text}`);
  });
  return textOf(Uint8Array.from(bytes));
}
