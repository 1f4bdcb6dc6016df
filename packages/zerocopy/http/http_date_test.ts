import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "uvu";
import { parseHttpDate, toHttpDate } from "./http_date.ts";

const latest = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

test("a date that was written is read again", () =>
  fc.assert(fc.property(fc.integer({ min: 0, max: latest }), (seconds) => {
    assert.equal(parseHttpDate(toHttpDate(seconds)), seconds);
  })));

test("the three ways of the standard's own example mean the same", () => {
  for (
    const text of [
      "Sun, 06 Nov 1994 08:49:37 GMT",
      "Sunday, 06-Nov-94 08:49:37 GMT",
      "Sun Nov  6 08:49:37 1994",
    ]
  ) assert.equal(parseHttpDate(text), 784111777);
});

test("two digits of a year are the next or the last such year, fifty years ahead at most", () => {
  const now = Date.UTC(2026, 6, 1) / 1000;
  const yearOf = (digits: string) =>
    new Date(parseHttpDate(`Monday, 01-Jan-${digits} 00:00:00 GMT`, now)! * 1000).getUTCFullYear();
  assert.deepEqual(["26", "76", "77", "99", "00"].map(yearOf), [2026, 2076, 1977, 1999, 2000]);
});

test("what is no date of HTTP is none", () => {
  for (
    const text of [
      "",
      "now",
      "0",
      "1994-11-06T08:49:37Z",
      "Sun, 06 Nov 1994 08:49:37",
      "Sun, 06 Nov 1994 08:49:37 CET",
      "Sun, 06 Nov 1994 08:49:37 +0000",
      "sun, 06 nov 1994 08:49:37 gmt",
      "Sun, 31 Feb 1994 08:49:37 GMT",
      "Sun, 00 Nov 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 24:00:00 GMT",
      "Sun, 06 Nov 1994 08:60:37 GMT",
      "Sun, 06 Nov 1994 08:49:61 GMT",
      "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
    ]
  ) assert.equal(parseHttpDate(text), null, text);
});

test("a leap second is the one before it", () => {
  assert.equal(parseHttpDate("Sat, 31 Dec 2016 23:59:60 GMT"), Date.UTC(2017, 0, 1) / 1000 - 1);
});

test("any text is a date or none", () =>
  fc.assert(fc.property(fc.string(), (text) => {
    const seconds = parseHttpDate(text);
    assert.ok(seconds === null || Number.isInteger(seconds));
  })));

test.run();
