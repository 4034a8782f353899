// Who needs attention, above everything else: the actor, what it does, for how long, and the order
// that mends it. Items are kept by their actor, so that a button stays under the pointer.

import { h, icon, setText } from '../lib/dom';
import { fragmentOf } from './client';
import { glyph } from './glyph';
import * as words from './words';
import type { Trouble } from './trouble';
import type { ActorView } from './types';

const SHOWN = 5;

/** Who hears what is done in the list. */
export interface AttentionHands {
  select(view: ActorView): void;
  restart(view: ActorView): void;
  /** Shows all of them as a list. */
  all(): void;
}

interface Item {
  element: HTMLElement;
  pill: HTMLElement;
  words: HTMLElement;
  view: ActorView;
}

/** The list; hidden while nobody needs attention. */
export class Attention {
  readonly element: HTMLElement;
  private readonly heading = h('h2', {});
  private readonly list = h('ul', {});
  private readonly rest: HTMLButtonElement;
  private items = new Map<string, Item>();

  constructor(
    private readonly hands: AttentionHands,
    private readonly mayAct: boolean,
  ) {
    this.rest = h('button', { type: 'button', class: 'button small', hidden: true,
      onclick: () => hands.all() });
    const head = h('div', { class: 'attention-head' }, icon('alert'), this.heading, this.rest);
    this.element = h('section', { class: 'attention', 'aria-label': 'Needs attention',
      hidden: true }, head, this.list);
  }

  /** Shows the worst; `total` counts those that the node knows. */
  draw(troubles: readonly Trouble[], total: number): void {
    const shown = troubles.slice(0, SHOWN);
    const more = Math.max(total, troubles.length) - shown.length;
    this.element.hidden = shown.length === 0;
    const news = shown.every(({ tone }) => tone === 'quiet');
    setText(this.heading, news ? 'Ended lately, runs again' : 'Needs attention');
    this.element.classList.toggle('is-bad', shown.some(({ tone }) => tone === 'bad'));
    this.element.classList.toggle('is-news', news);
    this.rest.hidden = more <= 0;
    setText(this.rest, `${words.count(more)} more`);
    this.arrange(shown);
  }

  private arrange(shown: readonly Trouble[]): void {
    const items = new Map<string, Item>();
    for (const trouble of shown) {
      const { path } = trouble.view;
      const item = this.items.get(path) ?? this.make(trouble);
      items.set(path, item);
      item.view = trouble.view;
      const { word } = words.STATUS[trouble.view.status];
      setText(item.pill, trouble.rank === 4 ? 'Restarted' : word);
      item.pill.className = `pill ${trouble.tone}`;
      setText(item.words, `${trouble.words}.`);
    }
    for (const [path, item] of this.items) if (!items.has(path)) item.element.remove();
    [...items.values()].forEach((item, i) => {
      const there = this.list.children[i] ?? null;
      if (there !== item.element) this.list.insertBefore(item.element, there);
    });
    this.items = items;
  }

  private make({ view }: Trouble): Item {
    const pill = h('span', { class: 'pill' });
    const text = h('span', {});
    const link = h('a', { href: fragmentOf(view.path) }, words.called(view.path));
    const restart = h('button', { type: 'button', class: 'button small',
      'aria-label': `Restart ${words.called(view.path)}` }, 'Restart…');
    const offer = this.mayAct && words.effect('restart', view.role) !== null;
    const element = h('li', {}, pill, h('p', {}, glyph(view.role), link, ' ', text),
      offer ? restart : null);
    const item = { element, pill, words: text, view };
    link.addEventListener('click', (event) => {
      event.preventDefault();
      this.hands.select(item.view);
    });
    restart.addEventListener('click', () => this.hands.restart(item.view));
    return item;
  }
}
