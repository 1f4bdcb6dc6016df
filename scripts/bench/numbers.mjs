// How figures are written.

/** A ratio, with as many digits as repeat. */
export function ratioText(ratio) {
  if (ratio >= 100) return String(Math.round(ratio));
  if (ratio >= 10) return ratio.toFixed(1);
  return ratio >= 0.1 ? ratio.toFixed(2) : String(Number(ratio.toPrecision(2)));
}

/** A number with commas between thousands. */
export function numberText(number) {
  return number.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}
