const item = /^[\t ]*([!#$%&'*+.^_`|~\w-]+)[\t ]*(?:;[\t ]*q=([01](?:\.\d{0,3})?)[\t ]*)?$/i;

/**
 * How much a client wants an encoding, by its `Accept-Encoding`, from 0, not at all, to 1. What is
 * not named is not wanted, unless `*` is; to send what is not encoded is always allowed in the end.
 */
export function wish(header: string, encoding: string): number {
  let others = 0;
  for (const text of header.split(",")) {
    const found = item.exec(text);
    if (!found) continue;
    const name = found[1].toLowerCase();
    const quality = Math.min(found[2] === undefined ? 1 : Number(found[2]), 1);
    if (name === encoding || name === `x-${encoding}`) return quality;
    if (name === "*") others = quality;
  }
  return others;
}
