// Making elements. Text is always text, never markup; styles are set through the object model, so
// that the content security policy needs no `unsafe-inline`.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** Makes an element: `on…` functions listen, `class` and attributes are set, null is left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === 'function') {
      element.addEventListener(name.replace(/^on/, ''), value as EventListener);
    } else {
      element.setAttribute(name, value === true ? '' : String(value));
    }
  }
  element.append(...children.filter((c): c is Node | string => c !== null && !!c));
  return element;
}

/** The element with this id, which the page's HTML has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page lacks #${id}`);
  return element as T;
}

/** Puts `children` in place of what is there. */
export function fill(element: Element, ...children: Child[]): void {
  element.replaceChildren(...children.filter((c): c is Node | string => c !== null && !!c));
}

/** Sets the text only when it changes, so that screen readers hear it once. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Outlines of 24 by 24, drawn with the current colour. */
const ICONS = {
  play: 'M7 4.5v15l12.5-7.5z',
  pause: 'M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z',
  replay: 'M12 5V1.5L6.5 6 12 10.5V7a6 6 0 1 1-6 6H4a8 8 0 1 0 8-8z',
  volume:
    'M4 9v6h4l5 4.5v-15L8 9zM15.5 8.2v7.6a4 4 0 0 0 0-7.6zM15.5 4v2a6.3 6.3 0 0 1 0 12v2a8.3 8.' +
    '3 0 0 0 0-16z',
  muted:
    'M4 9v6h4l5 4.5v-15L8 9zM16 9.4 18.6 12 16 14.6l1.4 1.4L20 13.4l2.6 2.6 1.4-1.4L21.4 12 24 ' +
    '9.4 22.6 8 20 10.6 17.4 8z',
  settings:
    'M10.3 2h3.4l.5 2.6c.7.2 1.3.6 1.9 1l2.5-.9 1.7 3-2 1.7c.1.7.1 1.5 0 2.2l2 1.7-1.7 3-2.5-.9' +
    'c-.6.4-1.2.8-1.9 1l-.5 2.6h-3.4l-.5-2.6c-.7-.2-1.3-.6-1.9-1l-2.5.9-1.7-3 2-1.7a8 8 0 0 1 0' +
    '-2.2l-2-1.7 1.7-3 2.5.9c.6-.4 1.2-.8 1.9-1zM12 7.5a3 3 0 1 0 0 6 3 3 0 0 0 0-6z',
  pip: 'M3 5h18v14H3zM5 7v10h14V7zM11.5 11.5H18V16h-6.5z',
  fullscreen: 'M4 4h6v2H6v4H4zM14 4h6v6h-2V6h-4zM4 14h2v4h4v2H4zM18 14h2v6h-6v-2h4z',
  shrink: 'M8 4h2v6H4V8h4zM14 4h2v4h4v2h-6zM4 14h6v6H8v-4H4zM14 14h6v2h-4v4h-2z',
  check: 'M9.5 16.6 5 12l-1.4 1.4 5.9 6L21 7.9l-1.4-1.4z',
  upload: 'M11 16V7.8L7.7 11 6.3 9.6 12 4l5.7 5.6-1.4 1.4L13 7.8V16zM4 18h16v2H4z',
  note: 'M9 4.5 20 2v13.5a3 3 0 1 1-2-2.8V7.2L11 8.8v9.2a3 3 0 1 1-2-2.8z',
  film: 'M3 5h18v14H3zM10 9v6l5-3z',
  alert: 'M12 2.5 23 21H1zM11 9v6h2V9zM11 16.5v2h2v-2z',
  captions:
    'M3 5h18v14H3zM5 7v10h14V7zM11 10H8.2a1 1 0 0 0-1 1v2a1 1 0 0 0 1 1H11v-1.3H8.6v-1.4H11zM16.8 ' +
    '10H14a1 1 0 0 0-1 1v2a1 1 0 0 0 1 1h2.8v-1.3h-2.4v-1.4h2.4z',
  heart:
    'M12 20.6 10.6 19.3C5.4 14.6 2 11.5 2 7.8A5.3 5.3 0 0 1 7.4 2.4c1.8 0 3.5.8 4.6 2.1a6.1 6.1 ' +
    '0 0 1 4.6-2.1A5.3 5.3 0 0 1 22 7.8c0 3.7-3.4 6.8-8.6 11.5z',
  screens: 'M3 4h14v3h-2V6H5v7h4v2H3zM11 9h10v11H11zM13 11v5h6v-5zM14.5 17.5h3v1h-3z',
  flame:
    'M12.5 2c.6 3.2-.7 4.8-2.2 6.5C8.6 10.4 7 12.1 7 15a5.5 5.5 0 0 0 11 .2c0-2.6-1.3' +
    '-4.6-2.4-6.1-.3 1.3-.9 2-1.8 2.5.5-3.7-.2-7.4-1.3-9.6z',
  close:
    'M6.4 5 5 6.4 10.6 12 5 17.6 6.4 19 12 13.4 17.6 19 19 17.6 13.4 12 19 6.4 17.6 5 12 10.6z',
} as const;

/** Names of the icons. */
export type IconName = keyof typeof ICONS;

/** An icon; its button carries the label. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(path);
  return svg;
}
