// The tree as a treegrid (WAI-ARIA): one row has the focus, arrows move it, open and close. Rows
// are kept by their path; only what has come, gone or moved touches the document.

import { h, setText } from '../lib/dom';
import { moveFor } from './move';
import { ActorRow, COLUMNS, MoreRow } from './row';
import type { Rates } from './rates';
import type { Line } from './tree';
import type { Sort } from './types';

/** Who hears what is done in the grid. */
export interface Hands {
  toggle(path: string, open: boolean): void;
  select(path: string): void;
  more(under: string | null): void;
  /** A click on a column's head; a second one on the same goes back to the tree. */
  sort(by: Sort): void;
}

/** What the grid is drawn from. */
export interface Scene {
  lines: Line[];
  rates: Rates;
  selected: string | null;
  flat: boolean;
  sort: Sort | null;
  at: number;
}

type AnyRow = ActorRow | MoreRow;

/** The element and its rows. */
export class Grid {
  readonly element = h('div', { class: 'grid-box' });
  private readonly grid = h('div', { role: 'treegrid', class: 'tree', 'aria-label': 'Actors' });
  private readonly heads = new Map<Sort, { cell: HTMLElement; button: HTMLElement }>();
  private readonly body = h('div', { role: 'rowgroup' });
  private readonly empty = h('p', { class: 'tree-empty soft', hidden: true });
  private rows = new Map<string, AnyRow>();
  private lines: Line[] = [];
  private focused: string | null = null;

  constructor(private readonly hands: Hands) {
    this.grid.append(this.head(), this.body);
    this.element.append(this.grid, this.empty);
    this.body.addEventListener('click', (event) => this.clicked(event));
    this.body.addEventListener('keydown', (event) => this.pressed(event));
    this.body.addEventListener('focusin', (event) => this.focusMoved(event));
  }

  /** True while someone points into the list or is in it by keyboard. */
  get isUsed(): boolean {
    return this.body.matches(':hover, :focus-within');
  }

  /** Paths in the order that is shown. */
  get order(): string[] {
    return this.lines.filter((line) => line.type === 'actor').map((line) => line.key);
  }

  /** Brings the grid up to date. */
  draw(scene: Scene): void {
    const had = this.body.contains(document.activeElement) ? this.focused : null;
    const place = this.lines.findIndex((line) => line.key === had);
    this.lines = scene.lines;
    // Tells tests which look is drawn.
    this.grid.dataset.at = String(scene.at);
    this.arrange();
    for (const line of scene.lines) this.drawRow(line, scene);
    this.drawHeads(scene.sort);
    this.keepFocus(had, place);
    this.empty.hidden = scene.lines.length > 0;
    setText(this.empty, scene.flat ? 'No actor matches.' : 'No actors.');
  }

  /** Gives the focus to an actor's row, if it is shown. */
  focus(path: string): boolean {
    const row = this.rows.get(path);
    row?.element.focus();
    return row !== undefined;
  }

  private head(): HTMLElement {
    const row = h('div', { role: 'row', class: 'row row-head' });
    for (const { name, label, sort, title } of COLUMNS) {
      const cell = h('div', { role: 'columnheader', class: `cell c-${name}`, title });
      if (sort) {
        const button = h('button', { type: 'button', onclick: () => this.hands.sort(sort) }, label);
        this.heads.set(sort, { cell, button });
        cell.append(button);
      } else cell.append(label);
      row.append(cell);
    }
    return h('div', { role: 'rowgroup', class: 'tree-head' }, row);
  }

  private drawHeads(by: Sort | null): void {
    for (const [sort, { cell }] of this.heads) {
      if (sort === by) cell.setAttribute('aria-sort', 'descending');
      else cell.removeAttribute('aria-sort');
    }
  }

  /** Makes, moves and removes rows until they stand as the lines do. */
  private arrange(): void {
    const rows = new Map<string, AnyRow>();
    for (const line of this.lines) rows.set(line.key, this.rows.get(line.key) ?? makeRow(line));
    for (const [key, row] of this.rows) if (!rows.has(key)) row.element.remove();
    let next: Element | null = this.body.firstElementChild;
    for (const row of rows.values()) {
      if (row.element === next) next = next.nextElementSibling;
      else this.body.insertBefore(row.element, next);
    }
    this.rows = rows;
  }

  private drawRow(line: Line, scene: Scene): void {
    const row = this.rows.get(line.key);
    if (line.type === 'more' && row instanceof MoreRow) row.draw(line);
    else if (line.type === 'actor' && row instanceof ActorRow) {
      const { selected, flat, at, rates } = scene;
      row.draw({ line, trend: rates.of(line.key), selected: selected === line.key, flat, at });
    }
  }

  /** A row that was moved or removed has lost the focus; it or its neighbour gets it back. */
  private keepFocus(had: string | null, place: number): void {
    const key = had !== null && this.rows.has(had) ? had : null;
    const near = this.lines[Math.max(0, Math.min(this.lines.length - 1, place))]?.key ?? null;
    if (had !== null && !this.body.contains(document.activeElement)) {
      this.rows.get(key ?? near ?? '')?.element.focus({ preventScroll: true });
    }
    const first = this.lines[0]?.key ?? null;
    const known = this.focused !== null && this.rows.has(this.focused);
    this.makeTabStop(known ? this.focused : first);
  }

  private makeTabStop(key: string | null): void {
    if (this.focused !== null && this.focused !== key) {
      const old = this.rows.get(this.focused);
      if (old) old.element.tabIndex = -1;
    }
    this.focused = key;
    const row = key === null ? undefined : this.rows.get(key);
    if (row && row.element.tabIndex !== 0) row.element.tabIndex = 0;
  }

  private focusMoved(event: FocusEvent): void {
    const key = keyOf(event.target);
    if (key !== null) this.makeTabStop(key);
  }

  private clicked(event: MouseEvent): void {
    const key = keyOf(event.target);
    const line = this.lines.find((each) => each.key === key);
    // A modified click on a link opens it elsewhere, as everywhere.
    if (!line || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const on = event.target as Element;
    if (line.type === 'more') {
      if (on.closest('button')) this.hands.more(line.under);
    } else if (on.closest('.twisty') && line.open !== null) {
      this.hands.toggle(line.key, !line.open);
    } else {
      event.preventDefault();
      this.hands.select(line.key);
    }
    this.rows.get(line.key)?.element.focus({ preventScroll: true });
  }

  private pressed(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = keyOf(event.target);
    const move = key === null ? null : moveFor(this.lines, key, event.key);
    if (!move) return;
    event.preventDefault();
    if (move.do === 'focus') this.rows.get(move.key)?.element.focus();
    else if (move.do === 'toggle') this.hands.toggle(move.key, move.open);
    else this.choose(move.key);
  }

  private choose(key: string): void {
    const line = this.lines.find((each) => each.key === key);
    if (line?.type === 'more') this.hands.more(line.under);
    else if (line) this.hands.select(key);
  }
}

function makeRow(line: Line): AnyRow {
  return line.type === 'more' ? new MoreRow(line) : new ActorRow(line.view);
}

function keyOf(target: EventTarget | null): string | null {
  const row = target instanceof Element ? target.closest<HTMLElement>('[data-key]') : null;
  return row?.dataset.key ?? null;
}
