// Work that gave up, newest first, and putting it back in the queue.

import { call, sentence } from '../lib/api';
import { fill, h } from '../lib/dom';
import { date, none, panel, problem, table } from './parts';
import type { DeadLetter } from '../lib/types';

const list = h('div', {});

/** The panel. Who only reads (`mayAct` false) gets no buttons. */
export function letters(mayAct: boolean): { element: HTMLElement; reload(): Promise<void> } {
  const reload = (): Promise<void> => load(mayAct);
  return { element: panel('Dead letters', list, reload), reload };
}

async function load(mayAct: boolean): Promise<void> {
  try {
    const { items } = await call<{ items: DeadLetter[] }>('GET', '/admin/api/dead-letters');
    const rows = items.map((letter) => row(letter, mayAct));
    fill(list, rows.length > 0 ? table(HEADS, rows) : none('Nothing has given up.'));
  } catch (error) {
    fill(list, problem(error));
  }
}

const HEADS = ['Content', 'Rendition', 'Reason', 'Attempts', 'When', ''];

function row(letter: DeadLetter, mayAct: boolean): HTMLElement {
  const said = h('span', { role: 'status' });
  const button = h('button', { type: 'button', class: 'button small' }, 'Replay');
  button.addEventListener('click', () => void replay(letter, button, said));
  if (letter.replayed_at) said.append('Replayed ', date(letter.replayed_at));
  return h(
    'tr',
    {},
    h('td', { class: 'nowrap' },
      h('a', { href: `/watch/${letter.content_id}` }, `…${letter.content_id.slice(-8)}`)),
    h('td', {}, letter.rendition ?? '–'),
    h('td', { class: 'reason' }, letter.reason),
    h('td', {}, String(letter.attempts)),
    h('td', { class: 'nowrap' }, date(letter.created_at)),
    h('td', { class: 'nowrap' }, letter.replayed_at || !mayAct ? null : button, said),
  );
}

async function replay(
  letter: DeadLetter,
  button: HTMLButtonElement,
  said: HTMLElement,
): Promise<void> {
  button.disabled = true;
  try {
    await call<void>('POST', `/admin/api/dead-letters/${encodeURIComponent(letter.id)}/replay`);
    button.remove();
    fill(said, 'Replayed');
  } catch (error) {
    button.disabled = false;
    fill(said, ` ${sentence(error)}`);
  }
}
