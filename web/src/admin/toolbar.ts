// What the tree is narrowed and ordered by.

import { h } from '../lib/dom';
import type { Flat } from './feed';
import type { Sort } from './types';

/** A pause in typing (ms) after which a search is sent. */
const TYPED_MS = 300;

const ORDERS: readonly (readonly [Sort | '', string])[] = [
  ['', 'As a tree'],
  ['depth', 'Most messages inside'],
  ['oldest', 'Oldest message'],
  ['restarts', 'Most restarts'],
  ['busy', 'Busiest'],
];

/** The search field and the choice of order. */
export class Toolbar {
  readonly element: HTMLElement;
  private readonly field = h('input', { type: 'search', id: 'actor-search', autocomplete: 'off',
    spellcheck: 'false', maxlength: 200, placeholder: 'Search by id or name' });
  private readonly order = h('select', { id: 'actor-order' },
    ...ORDERS.map(([value, label]) => h('option', { value }, label)));
  private timer = 0;

  constructor(private readonly changed: (flat: Flat) => void) {
    this.field.addEventListener('input', () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.tell(), TYPED_MS);
    });
    this.order.addEventListener('change', () => this.tell());
    const form = h('form', { class: 'toolbar', role: 'search' },
      h('label', { class: 'visually-hidden', for: 'actor-search' }, 'Search actors'), this.field,
      h('label', { class: 'visually-hidden', for: 'actor-order' }, 'Order'), this.order);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.tell();
    });
    this.element = form;
  }

  /** What is chosen. */
  get flat(): Flat {
    return { sort: (this.order.value || null) as Sort | null, q: this.field.value.trim() };
  }

  /** Orders by a column, or as a tree when it is ordered so already. */
  toggleSort(sort: Sort): void {
    this.sortBy(this.flat.sort === sort ? null : sort);
  }

  /** Orders by a column; null for the tree. */
  sortBy(sort: Sort | null): void {
    this.order.value = sort ?? '';
    this.tell();
  }

  private tell(): void {
    clearTimeout(this.timer);
    this.changed(this.flat);
  }
}
