/** What to throw when a message was longer than what was measured: the rest of it is gone. */
export function cutMessage(): Error {
  return new Error("A message was cut, since somebody else received the one that was measured");
}
