// A list whose items keep their elements: what has the focus or is under the pointer stays the
// same, whatever is put before or behind it.

/** One item on the page. */
export interface Row<T> {
  readonly element: HTMLElement;
  draw(item: T): void;
}

/** The items of one element, by key. */
export class Rows<T> {
  private rows = new Map<string, Row<T>>();

  constructor(
    readonly element: HTMLElement,
    private readonly keyOf: (item: T) => string,
    private readonly make: (item: T) => Row<T>,
  ) {}

  /** Shows these, in this order. */
  draw(items: readonly T[]): void {
    const rows = new Map<string, Row<T>>();
    for (const item of items) {
      const key = this.keyOf(item);
      const row = this.rows.get(key) ?? this.make(item);
      row.draw(item);
      rows.set(key, row);
    }
    for (const [key, row] of this.rows) if (!rows.has(key)) row.element.remove();
    [...rows.values()].forEach(({ element }, i) => {
      const there = this.element.children[i] ?? null;
      if (there !== element) this.element.insertBefore(element, there);
    });
    this.rows = rows;
  }
}
