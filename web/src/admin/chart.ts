// A named curve of the last minutes with its newest and its highest value.

import { h, setText } from '../lib/dom';
import { Sparkline } from './sparkline';

/** One curve of the detail panel. */
export class Chart {
  readonly element: HTMLElement;
  private readonly curve: Sparkline;
  private readonly now = h('strong', {});
  private readonly most = h('span', { class: 'soft' });

  constructor(
    name: string,
    slots: number,
    private readonly tell: (value: number) => string,
  ) {
    this.curve = new Sparkline(slots, name);
    const head = h('div', { class: 'chart-head' }, h('span', {}, name), this.now, this.most);
    this.element = h('div', { class: 'chart' }, head, this.curve.element);
  }

  /** Draws samples, oldest first; the scale reaches at least to `least`. */
  draw(values: readonly number[], least: number): void {
    const newest = values.at(-1);
    const now = newest === undefined ? '–' : this.tell(newest);
    const most = values.length > 0 ? `at most ${this.tell(Math.max(...values))}` : '';
    setText(this.now, now);
    setText(this.most, most);
    this.curve.draw(values, least, `now ${now}, ${most}`);
  }
}
