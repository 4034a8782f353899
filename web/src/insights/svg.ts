// Making SVG elements.

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element with attributes and children. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number>,
  ...children: (Node | string)[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A number for path data. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}
