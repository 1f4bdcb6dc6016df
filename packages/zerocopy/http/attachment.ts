/** What leads to other folders, ends a header, or shows a name as another than it is. */
const UNSAFE = /[\p{Cc}\p{Bidi_Control}\/\\]|^\.(?=\.?$)/gu;

/** What may stand in quotes without being understood by somebody in another way. */
const PLAIN = /^[\w !#$&'()+,.;=@[\]^`{}~-]*$/;

/**
 * The `Content-Disposition` of a file that is to be stored under a name, as RFC 6266 has it: the
 * name in UTF-8, and for those who do not know that, one of ASCII alone. Nothing in the name ends
 * the quotes or the header, or leads to another folder.
 */
export function attachment(name: string): string {
  const safe = name.toWellFormed().replace(UNSAFE, "_");
  if (PLAIN.test(safe)) return `attachment; filename="${safe}"`;
  const plain = Array.from(safe, (sign) => PLAIN.test(sign) ? sign : "_").join("");
  return `attachment; filename="${plain}"; filename*=UTF-8''${extended(safe)}`;
}

/** As RFC 8187 writes it, which has fewer signs that stand for themselves than a URL. */
function extended(text: string): string {
  return encodeURIComponent(text).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
