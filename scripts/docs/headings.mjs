// Headings that skip a level mislead whoever goes by them, as one does who cannot see a page. typedoc
// chooses levels by how large the words should be; so the tags stay, and a level is said beside them.

/**
 * Gives each heading of a page a level that is at most one deeper than that of the heading before.
 *
 * @param html The page
 * @returns The same, with an `aria-level` where the tag is not right
 */
export function leveled(html) {
  const open = []; // the tags of the headings above the current place
  return html.replaceAll(/<h([1-6])(?=[\s>])/g, (tag, digit) => {
    const size = Number(digit);
    while (open.length > 0 && open.at(-1) >= size) open.pop();
    open.push(size);
    return open.length === size ? tag : `${tag} aria-level="${open.length}"`;
  });
}
