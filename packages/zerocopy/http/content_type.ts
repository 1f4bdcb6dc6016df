import mime from "mime";

/** The type of a file, by its name. All text is taken for UTF-8. */
export function contentType(name: string): string {
  const type = mime.getType(`/${name}`) ?? "application/octet-stream";
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type;
}
