// Names and values side by side, brought up to date in place.

import { fill, h, setText } from '../lib/dom';

/** One name with its value, and the colour family of it; what is null is left out. */
export type Fact = readonly [name: string, value: string | null, title?: string, tone?: string];

/** A description list. */
export class Facts {
  readonly element = h('dl', { class: 'facts-list' });
  private names = '';
  private values: HTMLElement[] = [];

  /** Shows these facts. */
  draw(facts: readonly Fact[]): void {
    const told = facts.filter(([, value]) => value !== null);
    const names = told.map(([name]) => name).join('\n');
    if (names !== this.names) this.build(told);
    this.names = names;
    told.forEach(([, value, title, tone], i) => {
      const cell = this.values[i];
      if (!cell) return;
      setText(cell, value ?? '');
      cell.title = title ?? '';
      cell.className = tone ?? '';
    });
  }

  private build(facts: readonly Fact[]): void {
    this.values = facts.map(() => h('dd', {}));
    fill(this.element, ...facts.map(([name], i) =>
      h('div', {}, h('dt', {}, name), this.values[i] ?? null)));
  }
}
