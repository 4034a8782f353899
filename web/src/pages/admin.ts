// The administration page: how the node is, every content with its stage, and what gave up.

import '../styles/admin.css';
import { ApiError, call, sentence } from '../lib/api';
import { byId, fill, h, icon } from '../lib/dom';
import { relativeDate } from '../lib/format';
import { STATUS_WORDS } from '../lib/renditions';
import { signIn } from '../lib/signin';
import type { DeadLetter, Me, Page, Rendition, Summary } from '../lib/types';

const PER_PAGE = 25;
const HEALTH_EVERY_MS = 10_000;

const content = byId('content');
const health = h('div', { class: 'checks', 'aria-live': 'polite' });
const contents = h('div', {});
const letters = h('div', {});

void signIn(byId('account'), content, open);

function open(me: Me): void {
  if (me.role !== 'admin') return refuse(me);
  fill(
    content,
    h('div', { class: 'panels' },
      panel('Node', health, loadHealth),
      panel('Dead letters', letters, loadLetters),
      panel('Contents', contents, () => loadContents(null))),
  );
  void loadHealth();
  void loadLetters();
  void loadContents(null);
  setInterval(() => document.hidden || void loadHealth(), HEALTH_EVERY_MS);
}

function refuse(me: Me): void {
  const text = `You are signed in as ${me.subject} with the role ${me.role}. `;
  fill(
    content,
    h('div', { class: 'empty', role: 'alert' },
      icon('alert'),
      h('h2', {}, 'For administrators only'),
      h('p', { class: 'soft' }, text, 'This page needs a token with the role admin. Sign out to ',
        'enter another one.')),
  );
}

function panel(title: string, body: HTMLElement, reload: () => Promise<void>): HTMLElement {
  const refresh = h('button', { type: 'button', class: 'button small', 'aria-label':
    `Refresh ${title.toLowerCase()}` }, 'Refresh');
  refresh.addEventListener('click', () => void reload());
  const head = h('div', { class: 'panel-head' }, h('h2', {}, title), refresh);
  return h('section', { class: 'card', 'aria-label': title }, head, body);
}

async function loadHealth(): Promise<void> {
  const [alive, ready] = await Promise.all([probe('/healthz'), probe('/readyz')]);
  fill(health, check('Alive', alive), check('Ready for requests', ready));
}

/** Null is good; a text says what is wrong. */
async function probe(path: string): Promise<string | null> {
  try {
    const response = await fetch(path, { cache: 'no-store' });
    if (response.ok) return null;
    const body = (await response.text()).slice(0, 300);
    return body || `status ${response.status}`;
  } catch {
    return 'no answer';
  }
}

function check(name: string, problem: string | null): HTMLElement {
  const pill = h('span', { class: `pill ${problem ? 'bad' : 'good'}` }, problem ? 'No' : 'Yes');
  const why = problem ? h('span', { class: 'soft small-text' }, problem) : null;
  return h('div', { class: 'check' }, h('span', {}, name), pill, why);
}

async function loadContents(cursor: string | null): Promise<void> {
  const parameters = new URLSearchParams({ owner: 'all', limit: String(PER_PAGE) });
  if (cursor) parameters.set('cursor', cursor);
  try {
    const page = await call<Page<Summary>>('GET', `/api/v1/content?${parameters}`);
    const rows = page.items.map(contentRow);
    const body = contents.querySelector('tbody');
    if (cursor && body) body.append(...rows);
    else fill(contents, rows.length > 0 ? table(CONTENT_HEADS, rows) : none('No content yet.'));
    contents.querySelector('.more')?.remove();
    const next = page.next_cursor;
    if (next) contents.append(more(() => void loadContents(next)));
  } catch (error) {
    fill(contents, problem(error));
  }
}

const CONTENT_HEADS = ['Title', 'Status', 'Stage', 'Renditions', 'Owner', 'Created'];

function contentRow(item: Summary): HTMLElement {
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

async function loadLetters(): Promise<void> {
  try {
    const { items } = await call<{ items: DeadLetter[] }>('GET', '/admin/api/dead-letters');
    const rows = items.map(letterRow);
    fill(letters, rows.length > 0 ? table(LETTER_HEADS, rows) : none('Nothing has given up.'));
  } catch (error) {
    fill(letters, problem(error));
  }
}

const LETTER_HEADS = ['Content', 'Rendition', 'Reason', 'Attempts', 'When', ''];

function letterRow(letter: DeadLetter): HTMLElement {
  const said = h('span', { role: 'status' });
  const replay = h('button', { type: 'button', class: 'button small' }, 'Replay');
  replay.addEventListener('click', () => void replayLetter(letter, replay, said));
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
    h('td', { class: 'nowrap' }, letter.replayed_at ? null : replay, said),
  );
}

async function replayLetter(
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

function table(heads: string[], rows: HTMLElement[]): HTMLElement {
  const cells = heads.map((head) =>
    head ? h('th', { scope: 'col' }, head) : h('th', {}, h('span', { class: 'visually-hidden' },
      'Action')));
  const head = h('thead', {}, h('tr', {}, ...cells));
  // A region that scrolls must be reachable by keyboard.
  return h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Table' },
    h('table', {}, head, h('tbody', {}, ...rows)));
}

function more(load: () => void): HTMLElement {
  const button = h('button', { type: 'button', class: 'button small', onclick: load }, 'Show more');
  return h('div', { class: 'more' }, button);
}

function none(text: string): HTMLElement {
  return h('p', { class: 'soft' }, text);
}

function problem(error: unknown): HTMLElement {
  const trace = error instanceof ApiError && error.traceId ? ` (trace ${error.traceId})` : '';
  return h('p', { class: 'notice bad', role: 'alert' }, icon('alert'), sentence(error), trace);
}

function date(iso: string): HTMLElement {
  return h('time', { datetime: iso, title: iso }, relativeDate(iso, Date.now()));
}
