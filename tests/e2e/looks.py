"""What can be measured about how a page looks. Both scripts look into shadow roots."""

_EVERYTHING = """
  const all = [];
  const walk = (root) => {
    for (const element of root.querySelectorAll('*')) {
      all.push(element);
      if (element.shadowRoot) walk(element.shadowRoot);
    }
  };
  walk(document);
  const name = (e) => `${e.localName}${e.className ? '.' + String(e.className).trim() : ''}`;
"""

CROWDED = (
    "() => {"
    + _EVERYTHING
    + """
  const found = [];
  if (document.documentElement.scrollWidth > screen.width && innerWidth >= screen.width)
    found.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  for (const element of all) {
    const {overflowX} = getComputedStyle(element);
    if (overflowX !== 'auto' && overflowX !== 'scroll') continue;
    const beyond = element.scrollWidth - element.clientWidth;
    if (element.clientWidth > 0 && beyond > 1) found.push(`${name(element)} by ${beyond} px`);
  }
  return found;
}"""
)
"""What sticks out of the page, or out of a part that then scrolls to the side."""

FAINT = (
    "() => {"
    + _EVERYTHING
    + """
  for (const element of all) for (const motion of element.getAnimations())
    if (motion.effect.getComputedTiming().endTime !== Infinity) motion.finish();
  const paint = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const known = new Map();
  const rgba = (colour) => {
    if (!known.has(colour)) {
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = colour;
      paint.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
      known.set(colour, [r, g, b, a / 255]);
    }
    return known.get(colour);
  };
  const over = ([r, g, b, a], ground) =>
    [r, g, b].map((part, i) => part * a + ground[i] * (1 - a)).concat(1);
  const parent = (e) => e.assignedSlot ?? e.parentElement ?? e.getRootNode().host ?? null;
  const ground = (element) => {
    const layers = [];
    for (let e = element; e; e = parent(e)) {
      const colour = rgba(getComputedStyle(e).backgroundColor);
      if (colour[3] > 0) layers.push(colour);
      if (colour[3] === 1) break;
    }
    return layers.reduceRight((below, layer) => over(layer, below), [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of all) {
    const text = [...element.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => node.textContent.trim())
      .join(' ')
      .trim();
    const box = element.getBoundingClientRect();
    const style = getComputedStyle(element);
    if (!text || box.width < 2 || box.height < 2 || style.visibility === 'hidden') continue;
    if (!element.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (element.closest('[disabled], style, script, title')) continue;
    let opacity = 1;
    for (let e = element; e; e = parent(e)) opacity *= Number(getComputedStyle(e).opacity);
    const behind = ground(element);
    const [r, g, b, a] = rgba(style.color);
    const [one, two] = [light(over([r, g, b, a * opacity], behind)), light(behind)];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (contrast < (large ? 3 : 4.5))
      found.push(`${name(element)} has ${contrast.toFixed(2)}: ${text.slice(0, 40)}`);
  }
  return found;
}"""
)
"""Texts whose contrast with their ground is below WCAG 2.2's 1.4.3 (AA): 4.5, large ones 3.

Backgrounds that are pictures or gradients are not seen by it; the room has none under text.
"""
