/** The documents of a project, and those below them. */
export function documentsOf({ documents = [], children = [] }) {
  return [...documents, ...children.filter((child) => child.isDocument())]
    .flatMap((document) => [document, ...documentsOf(document)]);
}
