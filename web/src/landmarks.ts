/** What the page around already has: one main part and one title are enough for a page. */

const MAIN = 'main, [role="main"]';

/** Whether the element stands inside the main part of the page around it, through shadow roots too. */
export function isInMain(element: Element): boolean {
  if (element.closest(MAIN)) return true;
  const root = element.getRootNode();
  return root instanceof ShadowRoot && isInMain(root.host);
}
