const days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"];
months.push("Jul", "Aug", "Sep", "Oct", "Nov", "Dec");

const day = "(?<day>[ \\d]\\d)";
const month = `(?<month>${months.join("|")})`;
const time = "(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)";
const year = "(?<year>\\d{4})";

/** As it is written today, and in the two ways of old. */
const forms = [
  new RegExp(`^(?:${days.join("|")}), ${day} ${month} ${year} ${time} GMT$`),
  new RegExp(`^[A-Z][a-z]{2,5}day, ${day}-${month}-(?<short>\\d\\d) ${time} GMT$`),
  new RegExp(`^(?:${days.join("|")}) ${month} ${day} ${time} ${year}$`),
];

/** A time in seconds since 1970, as HTTP writes it: `Sun, 06 Nov 1994 08:49:37 GMT`. */
export function toHttpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString();
}

/**
 * Reads a time in one of the three ways of RFC 9110, section 5.6.7.
 *
 * @returns Seconds since 1970; `null` if it is no such time
 */
export function parseHttpDate(text: string, now: number = Date.now() / 1000): number | null {
  for (const form of forms) {
    const parts = form.exec(text)?.groups;
    if (parts) return secondsOf(parts, now);
  }
  return null;
}

function secondsOf(parts: Record<string, string>, now: number): number | null {
  const [day, hour, minute] = [Number(parts.day), Number(parts.hour), Number(parts.minute)];
  const month = months.indexOf(parts.month);
  const second = Math.min(Number(parts.second), 59); // 60 is a leap second
  const at = (year: number) => {
    const date = new Date(0);
    date.setUTCFullYear(year, month, day);
    date.setUTCHours(hour, minute, second);
    const isThere = date.getUTCDate() === day && date.getUTCHours() === hour &&
      date.getUTCMinutes() === minute && Number(parts.second) <= 60;
    return isThere ? date.getTime() / 1000 : null;
  };
  if (parts.short === undefined) return at(Number(parts.year));
  // Two digits that would be more than fifty years ahead are of the century before.
  const thisYear = new Date(now * 1000).getUTCFullYear();
  const guess = thisYear - thisYear % 100 + Number(parts.short);
  return at(guess > thisYear + 50 ? guess - 100 : guess);
}

let second = 0;
let date = "";

/** The time, as HTTP writes it. */
export function dateNow(): string {
  const time = Math.floor(Date.now() / 1000);
  if (time !== second) {
    second = time;
    date = new Date(time * 1000).toUTCString();
  }
  return date;
}
