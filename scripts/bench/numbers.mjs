// How figures are written.

/** A ratio, with as many digits as repeat. */
export function ratioText(ratio) {
  return ratio < 10
    ? ratio.toFixed(2)
    : ratio.toPrecision(3).includes("e")
    ? String(Math.round(ratio))
    : ratio.toPrecision(3);
}

/** A number with commas between thousands. */
export function numberText(number) {
  return number.toLocaleString("en-US", { maximumSignificantDigits: 3 });
}
