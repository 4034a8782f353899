// A menu button of the player (WAI-ARIA menu button pattern): arrows move, Escape closes and gives
// the focus back.

import { fill, h, icon, type IconName } from '../lib/dom';

/** One choice. */
export interface Choice {
  label: string;
  note?: string;
  chosen: boolean;
  pick(): void;
}

/** A titled group of choices. */
export interface Group {
  title: string;
  choices: Choice[];
}

/** The button with its menu; `groups` is asked each time it opens. */
export class Menu {
  readonly element: HTMLElement;
  private readonly button: HTMLButtonElement;
  private readonly list = h('div', { class: 'menu', role: 'menu', hidden: true });

  constructor(
    label: string,
    image: IconName,
    private readonly groups: () => Group[],
  ) {
    this.button = h(
      'button',
      {
        type: 'button',
        class: 'control',
        'aria-label': label,
        title: label,
        'aria-haspopup': 'menu',
        'aria-expanded': 'false',
        onclick: () => (this.list.hidden ? this.open() : this.close(true)),
      },
      icon(image),
    );
    this.list.setAttribute('aria-label', label);
    this.element = h('div', { class: 'menu-holder' }, this.list, this.button);
    this.list.addEventListener('keydown', (event) => this.key(event));
    this.element.addEventListener('focusout', (event) => {
      const to = event.relatedTarget;
      if (to instanceof Node && this.element.contains(to)) return;
      // A press on the menu's own ground gives no target; only a real move away closes it.
      if (to) this.close(false);
    });
    document.addEventListener('pointerdown', (event) => {
      if (!this.element.contains(event.target as Node)) this.close(false);
    });
  }

  /** True while it is open. */
  get isOpen(): boolean {
    return !this.list.hidden;
  }

  /** Draws the choices again if it is open, keeping the focus where it is. */
  refresh(): void {
    if (!this.isOpen) return;
    const focused = this.items().indexOf(document.activeElement as HTMLElement);
    this.draw();
    if (focused >= 0) this.items()[focused]?.focus();
  }

  private open(): void {
    this.draw();
    this.list.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    const chosen = this.items().find((item) => item.getAttribute('aria-checked') === 'true');
    (chosen ?? this.items()[0])?.focus();
  }

  private close(giveBack: boolean): void {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
    if (giveBack) this.button.focus();
  }

  private draw(): void {
    fill(this.list, ...this.groups().map((group) => this.drawGroup(group)));
  }

  private drawGroup(group: Group): HTMLElement {
    const items = group.choices.map((choice) =>
      h(
        'button',
        {
          type: 'button',
          class: 'menu-item',
          role: 'menuitemradio',
          tabindex: -1,
          'aria-checked': choice.chosen ? 'true' : 'false',
          onclick: () => {
            choice.pick();
            this.close(true);
          },
        },
        icon('check'),
        h('span', {}, choice.label),
        choice.note ? h('span', { class: 'menu-note' }, choice.note) : null,
      ),
    );
    const title = h('div', { class: 'menu-title', 'aria-hidden': 'true' }, group.title);
    return h('div', { role: 'group', 'aria-label': group.title }, title, ...items);
  }

  private items(): HTMLElement[] {
    return [...this.list.querySelectorAll<HTMLElement>('.menu-item')];
  }

  private key(event: KeyboardEvent): void {
    const items = this.items();
    const at = items.indexOf(document.activeElement as HTMLElement);
    const to: Record<string, number> = {
      ArrowDown: (at + 1) % items.length,
      ArrowUp: (at - 1 + items.length) % items.length,
      Home: 0,
      End: items.length - 1,
    };
    if (event.key === 'Escape') this.close(true);
    else if (event.key in to) items[to[event.key] as number]?.focus();
    else if (event.key === 'Tab') return this.close(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
