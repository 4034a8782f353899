// Whose colour is which, and how many shards each has: the key of the picture, and buttons that
// leave only one owner's shards in colour.

import { h, setText } from '../lib/dom';
import { Rows, type Row } from './rows';
import type { Colour } from './shards';

/** An owner, or a member that owns nothing. */
interface Entry {
  name: string;
  count: number;
}

/** The key. */
export class Legend {
  readonly element = h('ul', { class: 'legend', 'aria-label': 'Owners' });
  private readonly rows: Rows<Entry>;
  private readonly buttons = new Map<string, HTMLElement>();
  private only: string | null = null;

  /** `show` hears whose shards are to stand out; null for all. */
  constructor(colour: Colour, private readonly show: (only: string | null) => void) {
    this.rows = new Rows(this.element, ({ name }) => name, ({ name }) =>
      this.make(name, colour(name)));
  }

  /** Shows the owners by name. */
  draw(owners: ReadonlyMap<string | null, readonly number[]>, members: readonly string[]): void {
    const named = [...owners.keys()].filter((name) => name !== null);
    const names = [...new Set([...members, ...named])].sort();
    this.rows.draw(names.map((name) => ({ name, count: owners.get(name)?.length ?? 0 })));
  }

  private make(name: string, hue: number): Row<Entry> {
    const count = h('span', { class: 'soft' });
    const button = h('button', { type: 'button', 'aria-pressed': 'false' },
      h('span', { class: `swatch hue-${hue}`, 'aria-hidden': 'true' }), name, count);
    button.addEventListener('click', () => this.toggle(name));
    this.buttons.set(name, button);
    return { element: h('li', {}, button), draw: (entry) => setText(count, String(entry.count)) };
  }

  private toggle(name: string): void {
    this.only = this.only === name ? null : name;
    for (const [other, button] of this.buttons) {
      button.setAttribute('aria-pressed', String(other === this.only));
    }
    this.show(this.only);
  }
}
