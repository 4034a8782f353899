// What an operator should know first, above everything else, in sentences.

import { h, icon, setText } from '../lib/dom';
import { Rows, type Row } from './rows';
import { sentence } from './words';
import type { Trouble } from './trouble';

const SIGNS = { bad: 'Urgent', busy: 'Watch', quiet: 'News' } as const;

/** The sentences; hidden while there are none. */
export class Alerts {
  readonly element: HTMLElement;
  private readonly heading = h('h2', {});
  private readonly rows = new Rows<Trouble>(h('ul', {}), ({ node, words }) =>
    `${node ?? ''} ${words}`, line);

  constructor() {
    const head = h('div', { class: 'attention-head' }, icon('alert'), this.heading);
    this.element = h('section', { class: 'attention', 'aria-label': 'The cluster needs attention',
      hidden: true }, head, this.rows.element);
  }

  /** Shows them. */
  draw(troubles: readonly Trouble[]): void {
    this.element.hidden = troubles.length === 0;
    const news = troubles.every(({ tone }) => tone === 'quiet');
    setText(this.heading, news ? 'To know' : 'Needs attention');
    this.element.classList.toggle('is-bad', troubles.some(({ tone }) => tone === 'bad'));
    this.element.classList.toggle('is-news', news);
    this.rows.draw(troubles);
  }
}

function line(): Row<Trouble> {
  const pill = h('span', { class: 'pill' });
  const name = h('strong', {});
  const text = h('span', {});
  return {
    element: h('li', {}, pill, h('p', {}, name, ' ', text)),
    draw: ({ node, tone, words }) => {
      setText(pill, SIGNS[tone]);
      pill.className = `pill ${tone}`;
      setText(name, node ?? '');
      setText(text, node === null ? sentence(words) : `${words}.`);
    },
  };
}
