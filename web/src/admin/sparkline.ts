// Small curves. The arithmetic is pure; the element redraws only when its curve changes.

const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 24;
/** Room above and below, so that the stroke is not cut. */
const EDGE = 1.5;
/** With fewer samples than this a curve stays short. */
const YOUNG = 6;

/** Path data of `values` from left to right, the newest at the right edge; `slots` fit in. */
export function curve(values: readonly number[], slots: number, top: number): string {
  const shown = values.slice(-slots);
  if (shown.length < 2) return '';
  const step = WIDTH / Math.max(1, slots - 1);
  const left = WIDTH - step * (shown.length - 1);
  const y = (value: number): number =>
    HEIGHT - EDGE - (Math.min(value, top) / top) * (HEIGHT - 2 * EDGE);
  return shown
    .map((value, i) => `${i === 0 ? 'M' : 'L'}${round(left + i * step)} ${round(y(value))}`)
    .join('');
}

/** The same closed along the bottom, to be filled. */
export function area(values: readonly number[], slots: number, top: number): string {
  const line = curve(values, slots, top);
  if (!line) return '';
  const left = line.slice(1, line.indexOf(' '));
  return `${line}L${WIDTH} ${HEIGHT}L${left} ${HEIGHT}Z`;
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

/** A curve that is drawn anew as samples come. */
export class Sparkline {
  readonly element = make('svg');
  private readonly line = make('path');
  private readonly fill = make('path');
  private drawn = '';

  /** `label` names it for screen readers; without one it is decoration. */
  constructor(
    private readonly slots: number,
    private readonly label: string | null = null,
  ) {
    this.element.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
    this.element.setAttribute('preserveAspectRatio', 'none');
    this.element.setAttribute('class', 'sparkline');
    this.element.setAttribute(label ? 'role' : 'aria-hidden', label ? 'img' : 'true');
    this.fill.setAttribute('class', 'sparkline-area');
    this.line.setAttribute('class', 'sparkline-line');
    this.element.append(this.fill, this.line);
  }

  /** Draws samples against their own highest, or against `least` when that is higher. */
  draw(values: readonly number[], least: number, spoken = ''): void {
    const shown = values.slice(-this.slots);
    const top = Math.max(least, ...shown);
    // A young curve takes the whole width, too.
    const slots = Math.min(this.slots, Math.max(shown.length, YOUNG));
    const path = curve(shown, slots, top);
    if (path !== this.drawn) {
      this.drawn = path;
      this.line.setAttribute('d', path);
      this.fill.setAttribute('d', area(shown, slots, top));
    }
    if (this.label) this.element.setAttribute('aria-label', `${this.label}: ${spoken}`);
  }
}

function make<K extends keyof SVGElementTagNameMap>(tag: K): SVGElementTagNameMap[K] {
  return document.createElementNS(SVG, tag);
}
