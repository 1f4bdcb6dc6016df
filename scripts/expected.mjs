/** What an output must look like: itself, but for each `…`, which stands for anything, as a group. */
export function pattern(output) {
  const parts = output.trimEnd().split("…")
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return new RegExp(`^${parts.join("([^]*?)")}$`);
}
