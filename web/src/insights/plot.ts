// One chart: values from left to right over a scale from zero, as an area or as bars. It is drawn
// in pixels of its own width, so that its words keep their size. A pointer or the arrow keys read
// single points; what it shows is also there as a table.

import { fill, h } from '../lib/dom';
import { valueTicks } from './scale';
import { px, svg } from './svg';

/** What a chart shows. */
export interface PlotData {
  values: number[];
  /** Words under the axis, at a share of the width. */
  marks: { at: number; label: string }[];
  /** One sentence about the whole, for those who do not see it. */
  summary: string;
  /** The least that the axis reaches. */
  least?: number;
  whole?: boolean;
}

/** How a chart looks and reads. */
export interface PlotStyle {
  kind: 'area' | 'bars';
  label: string;
  height: number;
  axis(value: number): string;
  /** A point in words: for the table and the read-out. */
  point(index: number): { where: string; what: string };
  /** The table's heads. */
  heads: [string, string];
  /** Something beside the read-out: a picture. */
  picture?(index: number): HTMLElement | null;
}

const LEFT = 44;
const RIGHT = 6;
const TOP = 10;
const BOTTOM = 26;
const TALL = 200;
let made = 0;

/** A chart in a figure. */
export class Plot {
  readonly element: HTMLElement;
  private readonly canvas = svg('svg', { role: 'img', class: 'plot-canvas' });
  private readonly face: HTMLElement;
  private readonly readout = h('div', { class: 'plot-readout', hidden: true });
  private readonly table = h('details', { class: 'plot-table' }, h('summary', {}, 'Table'));
  private readonly id = `plot-${(made += 1)}`;
  private data: PlotData = { values: [], marks: [], summary: '' };
  private cursor = -1;
  private top = 1;
  private width = 0;

  constructor(private readonly style: PlotStyle) {
    this.face = h('div', { class: 'plot-face', tabindex: 0, role: 'slider', 'aria-valuemin': 1,
      'aria-label': `${style.label}, point by point`, 'aria-orientation': 'horizontal' });
    const stage = h('div', { class: 'plot-stage' }, this.face, this.readout);
    stage.prepend(this.canvas);
    stage.style.height = `${style.height}px`;
    this.element = h('figure', { class: 'plot' }, stage, this.table);
    this.listen();
    new ResizeObserver(() => this.resized()).observe(stage);
  }

  /** Draws other values. */
  show(data: PlotData): void {
    this.data = data;
    this.face.setAttribute('aria-valuemax', String(Math.max(1, data.values.length)));
    this.draw();
    if (this.cursor >= data.values.length) this.leave();
    else if (this.cursor >= 0) this.read(this.cursor);
    if (this.table.open) this.fillTable();
  }

  private resized(): void {
    const width = Math.round(this.face.clientWidth);
    if (width === this.width || width === 0) return;
    this.width = width;
    this.draw();
    if (this.cursor >= 0) this.read(this.cursor);
  }

  private get inner(): { width: number; height: number } {
    const height = this.style.height - TOP - BOTTOM;
    return { width: Math.max(1, this.width - LEFT - RIGHT), height };
  }

  private x(index: number): number {
    const { values } = this.data;
    const { width } = this.inner;
    if (this.style.kind === 'bars') return LEFT + ((index + 0.5) / values.length) * width;
    return LEFT + (values.length > 1 ? index / (values.length - 1) : 0.5) * width;
  }

  private y(value: number): number {
    return TOP + (1 - value / this.top) * this.inner.height;
  }

  private draw(): void {
    if (this.width === 0) return;
    const { values, marks, least = 0, whole = true, summary } = this.data;
    const lines = this.style.height > TALL ? 5 : 4;
    const ticks = valueTicks(Math.max(least, ...values), lines, whole);
    this.top = ticks.at(-1) ?? 1;
    const { canvas, id, style } = this;
    canvas.setAttribute('viewBox', `0 0 ${this.width} ${style.height}`);
    canvas.setAttribute('aria-labelledby', `${id}-title ${id}-desc`);
    const shape = style.kind === 'bars' ? this.bars() : this.area();
    const parts = [svg('title', { id: `${id}-title` }, style.label),
      svg('desc', { id: `${id}-desc` }, summary), this.grid(ticks), this.axis(marks)];
    canvas.replaceChildren(...parts, ...(values.length > 0 ? shape : []));
  }

  private grid(ticks: number[]): SVGElement {
    const lines = ticks.flatMap((tick) => {
      const y = Math.round(this.y(tick)) + 0.5;
      const line = svg('line', { x1: LEFT, x2: this.width - RIGHT, y1: y, y2: y,
        class: tick === 0 ? 'plot-zero' : 'plot-rule' });
      const label = svg('text', { x: LEFT - 8, y: y + 4, 'text-anchor': 'end' },
        this.style.axis(tick));
      return [line, label];
    });
    return svg('g', { class: 'plot-grid' }, ...lines);
  }

  private axis(marks: PlotData['marks']): SVGElement {
    const { width } = this.inner;
    const words = marks.map(({ at, label }) => {
      const anchor = at < 0.03 ? 'start' : at > 0.97 ? 'end' : 'middle';
      return svg('text', { x: px(LEFT + at * width), y: this.style.height - 8,
        'text-anchor': anchor }, label);
    });
    return svg('g', { class: 'plot-grid' }, ...words);
  }

  private area(): SVGElement[] {
    const { values } = this.data;
    // A line of no points is no path.
    if (values.length === 0) return [];
    const line = values
      .map((value, i) => `${i ? 'L' : 'M'}${px(this.x(i))} ${px(this.y(value))}`)
      .join('');
    const floor = px(this.y(0));
    const closed = `${line}L${px(this.x(values.length - 1))} ${floor}L${px(this.x(0))} ${floor}Z`;
    return [svg('path', { d: closed, class: 'plot-area' }),
      svg('path', { d: line, class: 'plot-line' })];
  }

  private bars(): SVGElement[] {
    const { values } = this.data;
    const wide = this.inner.width / values.length;
    const gap = wide > 4 ? Math.min(3, wide * 0.2) : 0;
    return values.map((value, i) => {
      const y = this.y(value);
      return svg('rect', { x: px(this.x(i) - (wide - gap) / 2), y: px(y), width: px(wide - gap),
        height: px(Math.max(0, this.y(0) - y)), rx: Math.min(2, wide / 4), class: 'plot-bar' });
    });
  }

  private listen(): void {
    const { face } = this;
    face.addEventListener('pointermove', (event) => this.read(this.indexAt(event)));
    face.addEventListener('pointerdown', (event) => this.read(this.indexAt(event)));
    face.addEventListener('pointerleave', (event) => event.pointerType === 'mouse' && this.leave());
    face.addEventListener('keydown', (event) => this.key(event));
    face.addEventListener('focus', () => {
      if (this.cursor < 0 && face.matches(':focus-visible')) this.read(this.data.values.length - 1);
    });
    face.addEventListener('blur', () => this.leave());
    this.table.addEventListener('toggle', () => this.table.open && this.fillTable());
  }

  private indexAt(event: PointerEvent): number {
    const box = this.face.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / this.inner.width;
    const { length } = this.data.values;
    const bars = this.style.kind === 'bars';
    const at = bars ? Math.floor(share * length) : Math.round(share * (length - 1));
    return Math.min(length - 1, Math.max(0, at));
  }

  private key(event: KeyboardEvent): void {
    const last = this.data.values.length - 1;
    const leap = Math.max(1, Math.round(last / 10));
    const to: Record<string, number> = {
      ArrowLeft: this.cursor - 1, ArrowDown: this.cursor - 1, ArrowRight: this.cursor + 1,
      ArrowUp: this.cursor + 1, PageDown: this.cursor - leap, PageUp: this.cursor + leap,
      Home: 0, End: last,
    };
    if (event.key === 'Escape') return this.leave();
    const next = to[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.read(Math.min(last, Math.max(0, next)));
  }

  /** Shows the point at `index` beside a line through it. */
  private read(index: number): void {
    const value = this.data.values[index];
    if (value === undefined || this.width === 0) return;
    this.cursor = index;
    const { where, what } = this.style.point(index);
    const x = this.x(index);
    const parts = [svg('line', { x1: px(x), x2: px(x), y1: TOP, y2: px(this.y(0)) }),
      svg('circle', { cx: px(x), cy: px(this.y(value)), r: 4.5 })];
    this.canvas.querySelector('.plot-cursor')?.remove();
    this.canvas.append(svg('g', { class: 'plot-cursor' }, ...parts));
    fill(this.readout, this.style.picture?.(index) ?? null,
      h('strong', {}, what), h('span', {}, where));
    this.readout.hidden = false;
    const half = this.readout.offsetWidth / 2;
    this.readout.style.left = `${Math.min(this.width - half, Math.max(half, x))}px`;
    this.face.setAttribute('aria-valuenow', String(index + 1));
    this.face.setAttribute('aria-valuetext', `${where}: ${what}`);
  }

  private leave(): void {
    this.cursor = -1;
    this.readout.hidden = true;
    this.canvas.querySelector('.plot-cursor')?.remove();
  }

  private fillTable(): void {
    const [where, what] = this.style.heads;
    const rows = this.data.values.map((_, index) => {
      const point = this.style.point(index);
      return h('tr', {}, h('th', { scope: 'row' }, point.where), h('td', {}, point.what));
    });
    const head = h('tr', {}, h('th', { scope: 'col' }, where), h('th', { scope: 'col' }, what));
    const table = h('table', {}, h('caption', { class: 'visually-hidden' }, this.style.label),
      h('thead', {}, head), h('tbody', {}, ...rows));
    const summary = this.table.firstElementChild as HTMLElement;
    fill(this.table, summary, h('div', { class: 'plot-rows', tabindex: 0, role: 'region',
      'aria-label': `${this.style.label}, table` }, table));
  }
}
