// What is asked of a page as it is shown. The functions run in the browser, by their text.

/**
 * The texts of a page whose colour is too near to what is behind them, by the measure of WCAG 2: at
 * least 4.5.
 *
 * @returns A line for each pair of colours
 */
export function faintTexts() {
  const LEAST = 4.5;
  const channels = (color) => {
    const [r, g, b, a = 1] = color.match(/[\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const over = (above, below) => above.rgb.map((c, i) => c * above.a + below[i] * (1 - above.a));
  const luminance = (rgb) => {
    const [r, g, b] = rgb.map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (one, other) => {
    const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const behind = (element) => {
    if (element === null) return [255, 255, 255];
    const color = channels(getComputedStyle(element).backgroundColor);
    return color.a === 1 ? color.rgb : over(color, behind(element.parentElement));
  };
  const faint = new Set();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const text = texts.currentNode.textContent.trim();
    if (
      text === "" || !element.checkVisibility({ visibilityProperty: true }) ||
      /^(SCRIPT|STYLE)$/.test(element.tagName)
    ) continue;
    const back = behind(element);
    const { color } = getComputedStyle(element);
    const ratio = contrast(over(channels(color), back), back);
    if (ratio < LEAST) {
      faint.add(`${color} on ${back}: ${ratio.toFixed(2)}, as of ${text.slice(0, 40)}`);
    }
  }
  return [...faint].slice(0, 20);
}

/**
 * What sticks out of its column, or of the window.
 *
 * @returns A line for each element that does, five at the most
 */
export function stickingOut() {
  const width = document.documentElement.clientWidth;
  const column = document.querySelector(".col-content");
  const { right } = column.getBoundingClientRect();
  const mayBeWide = "table, pre, img, svg, p, ul, .tsd-signature"; // a heading has room for its link
  const edgeOf = (element) =>
    column.contains(element) && element.matches(mayBeWide) ? right : width;
  const movesAlone = (element) =>
    element !== null &&
    (getComputedStyle(element).overflowX !== "visible" || movesAlone(element.parentElement));
  return [...document.body.querySelectorAll("*")]
    .filter((element) => element.checkVisibility({ visibilityProperty: true }))
    .filter((element) => element.getBoundingClientRect().right > edgeOf(element) + 1)
    .filter((element) => !movesAlone(element.parentElement))
    .slice(0, 5)
    .map((element) =>
      `${element.tagName}.${element.className}: ${element.textContent.slice(0, 40)}`
    );
}

/**
 * The names in tables that are broken in the middle.
 *
 * @returns Those, five at the most
 */
export function brokenNames() {
  return [...document.querySelectorAll("td code")]
    .filter(({ textContent }) => /^\w+$/.test(textContent))
    .filter((code) => code.getClientRects().length > 1)
    .slice(0, 5)
    .map(({ textContent }) => textContent);
}

/**
 * Whether one sees where the focus is.
 *
 * @returns What has it, if one does not
 */
export function hiddenFocus() {
  const focus = document.activeElement;
  const icon = focus.querySelector("svg"); // typedoc marks the arrow of what can be folded
  const isMarked = (element) =>
    element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
    getComputedStyle(element).outlineStyle !== "none";
  if ([focus, icon].some((element) => element && isMarked(element))) return null;
  return `${focus.tagName}.${focus.className}: ${focus.textContent.slice(0, 40)}`;
}
