// What the search finds besides names: what the API says of itself, where the names of C are, and the
// text of documents. Examples are left out: they are most of the text, and hold every name.

/** Adds to the index, which typedoc is about to make. */
export function addWords({ searchResults, searchFields, searchFieldWeights }) {
  searchFieldWeights.comment = 5;
  searchFieldWeights.document = 2;
  searchResults.forEach((reflection, i) => {
    Object.assign(
      searchFields[i],
      reflection.isDocument()
        ? { document: prose(reflection.content) }
        : { comment: commentsOf(reflection).map(({ summary }) => prose(summary)).join("\n") },
    );
  });
}

function commentsOf({ comment, signatures = [] }) {
  return [comment, ...signatures.map(({ comment }) => comment)].filter(Boolean);
}

/** The words of a text, without its programs and figures. */
function prose(content) {
  return content.map(({ text }) => text).join("")
    .replaceAll(/^```[^]*?^```$/gm, "")
    .replaceAll(/[*`|]|--+|\b\d[\d.,]*\b/g, " ");
}
