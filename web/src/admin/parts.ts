// Pieces that the panels of the page share.

import { ApiError, sentence } from '../lib/api';
import { h, icon } from '../lib/dom';
import { relativeDate } from '../lib/format';

/** A titled card whose body can be loaded again. */
export function panel(title: string, body: HTMLElement, reload: () => Promise<void>): HTMLElement {
  const refresh = h('button', { type: 'button', class: 'button small', 'aria-label':
    `Refresh ${title.toLowerCase()}` }, 'Refresh');
  refresh.addEventListener('click', () => void reload());
  const head = h('div', { class: 'panel-head' }, h('h2', {}, title), refresh);
  return h('section', { class: 'card', 'aria-label': title }, head, body);
}

/** A table that scrolls within itself; an empty head is a column of buttons. */
export function table(heads: string[], rows: HTMLElement[]): HTMLElement {
  const cells = heads.map((head) =>
    head ? h('th', { scope: 'col' }, head) : h('th', {}, h('span', { class: 'visually-hidden' },
      'Action')));
  const head = h('thead', {}, h('tr', {}, ...cells));
  // A region that scrolls must be reachable by keyboard.
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table' },
    h('table', {}, head, h('tbody', {}, ...rows)));
}

/** The button that loads the next page. */
export function more(load: () => void): HTMLElement {
  const button = h('button', { type: 'button', class: 'button small', onclick: load }, 'Show more');
  return h('div', { class: 'more' }, button);
}

/** What is said when there is nothing. */
export function none(text: string): HTMLElement {
  return h('p', { class: 'soft' }, text);
}

/** What went wrong, with the trace to look for in the logs. */
export function problem(error: unknown): HTMLElement {
  const trace = error instanceof ApiError && error.traceId ? ` (trace ${error.traceId})` : '';
  return h('p', { class: 'notice bad', role: 'alert' }, icon('alert'), sentence(error), trace);
}

/** `3 hours ago`, with the exact time behind it. */
export function date(iso: string): HTMLElement {
  return h('time', { datetime: iso, title: iso }, relativeDate(iso, Date.now()));
}
