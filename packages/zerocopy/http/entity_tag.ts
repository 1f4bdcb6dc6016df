/** One tag of a list, and whether it is a weak one. */
const item = /[\t ,]*(W\/)?("[\x21\x23-\x7e\x80-\xff]*")[\t ]*(?:,|$)/y;

/** What holds all of them, with blanks of HTTP around it and no others. */
const all = /^[\t ]*\*[\t ]*$/;

/**
 * Whether a list of entity tags, as of `If-None-Match`, holds one; `*` holds all. What follows the
 * first that is none is not read.
 *
 * A strong comparison, RFC 9110 section 8.8.3.2, is true only if both are strong: then not a single
 * byte is another.
 */
export function holdsTag(list: string, tag: string, comparison: "weak" | "strong"): boolean {
  if (all.test(list)) return true;
  const isWeak = tag.startsWith("W/");
  if (comparison === "strong" && isWeak) return false;
  const opaque = isWeak ? tag.slice(2) : tag;
  item.lastIndex = 0;
  for (let found = item.exec(list); found; found = item.exec(list)) {
    if (found[2] === opaque && (comparison === "weak" || found[1] === undefined)) return true;
  }
  return false;
}
