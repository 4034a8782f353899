// Every content with its stage and owner, newest first.

import { call } from '../lib/api';
import { fill, h } from '../lib/dom';
import { STATUS_WORDS } from '../lib/renditions';
import { date, more, none, panel, problem, table } from './parts';
import type { Page, Rendition, Summary } from '../lib/types';

const PER_PAGE = 25;

const list = h('div', {});

/** The panel; it loads when it is first shown. */
export function contents(): { element: HTMLElement; reload(): Promise<void> } {
  const reload = (): Promise<void> => load(null);
  return { element: panel('Contents', list, reload), reload };
}

async function load(cursor: string | null): Promise<void> {
  const parameters = new URLSearchParams({ owner: 'all', limit: String(PER_PAGE) });
  if (cursor) parameters.set('cursor', cursor);
  try {
    const page = await call<Page<Summary>>('GET', `/api/v1/content?${parameters}`);
    const rows = page.items.map(row);
    const body = list.querySelector('tbody');
    if (cursor && body) body.append(...rows);
    else fill(list, rows.length > 0 ? table(HEADS, rows) : none('No content yet.'));
    list.querySelector('.more')?.remove();
    const next = page.next_cursor;
    if (next) list.append(more(() => void load(next)));
  } catch (error) {
    fill(list, problem(error));
  }
}

const HEADS = ['Title', 'Status', 'Stage', 'Renditions', 'Owner', 'Created'];

function row(item: Summary): HTMLElement {
  const { word, tone } = STATUS_WORDS[item.status];
  const reason = item.blocked_reason?.detail;
  return h(
    'tr',
    {},
    h('td', { class: 'name' },
      h('a', { href: `/watch/${item.id}` }, item.title || 'Untitled'),
      reason ? h('div', { class: 'soft small-text' }, reason) : null),
    h('td', {}, h('span', { class: `pill ${tone}` }, word)),
    h('td', {}, item.stage ?? '–'),
    h('td', { class: 'nowrap' }, made(item.renditions ?? [])),
    h('td', {}, item.owner ?? (item.owner_is_me ? 'you' : '–')),
    h('td', { class: 'nowrap' }, date(item.created_at)),
  );
}

function made(renditions: readonly Rendition[]): string {
  if (renditions.length === 0) return '–';
  const count = (state: string): number => renditions.filter((r) => r.state === state).length;
  const failed = count('failed');
  return `${count('complete')} of ${renditions.length}${failed ? `, ${failed} failed` : ''}`;
}
