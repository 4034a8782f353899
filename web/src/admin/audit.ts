// What operators have ordered, newest first: who, what, why, and what came of it.

import { fill, h } from '../lib/dom';
import { fragmentOf, loadAudit } from './client';
import { date, more, none, panel, problem, table } from './parts';
import { tabAddress } from './tabs';
import { called, titled } from './words';
import type { AuditEntry } from './types';

const PER_PAGE = 25;
const HEADS = ['When', 'Who', 'Action', 'Target', 'Reason', 'Outcome', 'Trace'];

/** What an outcome means to an operator, as a colour family. */
const TONES: Readonly<Record<string, string>> = { asked: 'busy', done: 'good', refused: 'bad',
  failed: 'bad' };

const list = h('div', { class: 'audit' });

/** The panel. */
export function audit(): { element: HTMLElement; reload(): Promise<void> } {
  const reload = (): Promise<void> => load(null);
  return { element: panel('Audit log', list, reload), reload };
}

async function load(cursor: string | null): Promise<void> {
  try {
    const page = await loadAudit(PER_PAGE, cursor);
    const rows = page.items.map(row);
    const body = list.querySelector('tbody');
    if (cursor && body) body.append(...rows);
    else fill(list, rows.length > 0 ? table(HEADS, rows) : none('Nobody has ordered anything.'));
    list.querySelector('.more')?.remove();
    const next = page.next_cursor;
    if (next) list.append(more(() => void load(next)));
  } catch (error) {
    fill(list, problem(error));
  }
}

function row(entry: AuditEntry): HTMLElement {
  return h(
    'tr',
    {},
    h('td', { class: 'nowrap' }, date(entry.at)),
    h('td', {}, entry.subject),
    h('td', {}, titled(entry.action)),
    h('td', { class: 'name' }, target(entry)),
    h('td', { class: 'reason' }, entry.reason || '–'),
    h('td', {}, h('span', { class: `pill ${TONES[entry.outcome] ?? 'quiet'}` },
      titled(entry.outcome))),
    h('td', {}, entry.trace_id ? h('code', {}, entry.trace_id) : '–'),
  );
}

/** What an order was given to: an actor, or a member of the cluster. */
function target({ action, path }: AuditEntry): HTMLElement {
  const isTurn = action === 'drain' || action === 'resume';
  return h('a', { href: isTurn ? tabAddress('cluster') : fragmentOf(path) }, called(path));
}
