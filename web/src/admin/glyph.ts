// One small sign per role, told to screen readers by its name.

import { ROLES } from './words';
import type { Role } from './types';

const SVG = 'http://www.w3.org/2000/svg';

/** Outlines of 16 by 16. */
const SIGNS: Readonly<Record<Role, string>> = {
  node: 'M2 3h12v4H2zM2 9h12v4H2zM4 4.4v1.2h2V4.4zM4 10.4v1.2h2v-1.2z',
  supervisor: 'M6.2 1.5h3.6v3.6H8.7v2.2h4.1v3.2h1.2v3.6h-3.6v-3.6h1.2v-2H4.4v2h1.2v3.6H2v-3.6h1.2' +
    'V7.3h4.1V5.1H6.2z',
  service: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2z',
  task: 'M4 2.5 13.5 8 4 13.5z',
  kind: 'M2 2h5v5H2zM9 2h5v5H9zM2 9h5v5H2zM9 9h5v5H9z',
  entity: 'M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zm0 2a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
};

/** The sign of a role. */
export function glyph(role: Role): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `glyph glyph-${role}`);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', ROLES[role]);
  const title = document.createElementNS(SVG, 'title');
  title.textContent = ROLES[role];
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', SIGNS[role]);
  path.setAttribute('fill-rule', 'evenodd');
  svg.append(title, path);
  return svg;
}
