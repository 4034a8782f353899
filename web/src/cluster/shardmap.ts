// The picture of all shards: one cell each, coloured by its owner. It is a list box: arrows move in
// it, and each cell says in words what it shows.

import { h } from '../lib/dom';
import { label, marks, stepTo, type Colour } from './shards';
import type { Shard } from './types';

/** With more, cells are smaller. */
const FEW = 64;
const SOME = 256;

/** Who hears what is done in the picture; null for nothing. */
export interface MapHands {
  choose(shard: number | null): void;
  hover(shard: number | null): void;
}

/** The cells. */
export class ShardMap {
  readonly element: HTMLElement;
  private cells: HTMLElement[] = [];
  private shards: readonly Shard[] = [];
  private chosen: number | null = null;
  private only: string | null = null;

  constructor(
    private readonly colour: Colour,
    private readonly hands: MapHands,
  ) {
    this.element = h('div', { class: 'shard-map', role: 'listbox', 'aria-label': 'Shards',
      tabindex: 0 });
    const at = (event: Event): number | null =>
      this.numberAt((event.target as Element).closest('.cell'));
    this.element.addEventListener('click', (event) => {
      const number = at(event);
      if (number !== null) hands.choose(number);
    });
    this.element.addEventListener('pointerover', (event) => {
      if (event.pointerType === 'mouse') hands.hover(at(event));
    });
    this.element.addEventListener('pointerleave', () => hands.hover(null));
    this.element.addEventListener('keydown', (event) => this.key(event));
  }

  /** Shows how the shards stand. */
  draw(shards: readonly Shard[]): void {
    this.shards = shards;
    if (shards.length !== this.cells.length) this.build(shards.length);
    shards.forEach((shard, i) => this.drawCell(shard, i));
    this.select(this.chosen);
  }

  /** Outlines the chosen one. */
  select(chosen: number | null): void {
    if (chosen !== this.chosen) {
      this.cells[this.indexOf(this.chosen)]?.removeAttribute('aria-selected');
    }
    this.chosen = chosen;
    const cell = this.cells[this.indexOf(chosen)];
    cell?.setAttribute('aria-selected', 'true');
    if (cell) this.element.setAttribute('aria-activedescendant', cell.id);
    else this.element.removeAttribute('aria-activedescendant');
  }

  /** Fades all that are not this owner's; null shows all alike. */
  fade(only: string | null): void {
    this.only = only;
    this.shards.forEach((shard, i) => this.drawCell(shard, i));
  }

  /** Puts the focus into it. */
  focus(): void {
    this.element.focus({ preventScroll: true });
    this.cells[this.indexOf(this.chosen)]?.scrollIntoView({ block: 'nearest' });
  }

  /** Chooses the neighbour of the chosen one. */
  step(by: number): void {
    const to = this.shards[this.indexOf(this.chosen) + by];
    if (to) this.hands.choose(to.shard);
  }

  private build(count: number): void {
    const size = count <= FEW ? 'few' : count <= SOME ? 'some' : 'many';
    this.element.className = `shard-map is-${size}`;
    this.cells = Array.from({ length: count }, () => h('div', { role: 'option' }));
    this.element.replaceChildren(...this.cells);
  }

  private drawCell(shard: Shard, i: number): void {
    const cell = this.cells[i];
    if (!cell) return;
    const faded = this.only !== null && shard.owner?.name !== this.only;
    const classes = marks(shard, this.colour) + (faded ? ' is-faded' : '');
    const words = label(shard);
    // A thousand cells are looked at; few of them change.
    if (cell.className !== classes) cell.className = classes;
    if (cell.getAttribute('aria-label') === words) return;
    cell.id = `shard-${shard.shard}`;
    cell.setAttribute('aria-label', words);
    cell.dataset.number = String(shard.shard);
  }

  private key(event: KeyboardEvent): void {
    if (event.key === 'Escape') return this.hands.choose(null);
    const at = this.indexOf(this.chosen);
    const to = this.shards[stepTo(event.key, at, this.columns(), this.shards.length) ?? -1];
    if (!to) return;
    event.preventDefault();
    this.hands.choose(to.shard);
    this.cells[this.indexOf(to.shard)]?.scrollIntoView({ block: 'nearest' });
  }

  private columns(): number {
    return getComputedStyle(this.element).gridTemplateColumns.split(' ').length;
  }

  private numberAt(cell: Element | null): number | null {
    const number = (cell as HTMLElement | null)?.dataset.number;
    return number === undefined ? null : Number(number);
  }

  private indexOf(number: number | null): number {
    return this.shards.findIndex(({ shard }) => shard === number);
  }
}
