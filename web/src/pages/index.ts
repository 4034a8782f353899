// The front page: what is published, newest first, with search and pages by cursor. The search is
// in the address, so that it can be shared and the back button works.

import '../styles/index.css';
import { call, sentence } from '../lib/api';
import { byId, fill, h, icon, setText } from '../lib/dom';
import { clock, relativeDate, spokenTime } from '../lib/format';
import { takeTokenFromAddress } from '../lib/session';
import type { Page, Summary } from '../lib/types';

const PER_PAGE = 24;
const SKELETONS = 8;

const grid = byId('grid');
const below = byId('below');
const status = byId('status');
const form = byId<HTMLFormElement>('search');
const box = byId<HTMLInputElement>('q');
let wanted = 0;

takeTokenFromAddress();
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const q = box.value.trim();
  history.pushState(null, '', q ? `/?q=${encodeURIComponent(q)}` : '/');
  begin();
});
// The cross of a search field clears it without a submit.
box.addEventListener('search', () => box.value === '' && query() !== '' && form.requestSubmit());
addEventListener('popstate', begin);
begin();

function query(): string {
  return new URLSearchParams(location.search).get('q')?.trim() ?? '';
}

function begin(): void {
  const q = query();
  box.value = q;
  setText(byId('heading'), q ? `Results for “${q}”` : 'Newest');
  document.title = q ? `${q} · Playhouse` : 'Playhouse';
  fill(grid, ...Array.from({ length: SKELETONS }, skeleton));
  fill(below);
  void load(q, null);
}

async function load(q: string, cursor: string | null): Promise<void> {
  const mine = (wanted += 1);
  grid.setAttribute('aria-busy', 'true');
  const parameters = new URLSearchParams({ sort: 'newest', limit: String(PER_PAGE) });
  if (q) parameters.set('q', q);
  if (cursor) parameters.set('cursor', cursor);
  try {
    const page = await call<Page<Summary>>('GET', `/api/v1/content?${parameters}`);
    if (mine !== wanted) return;
    show(q, page, cursor !== null);
  } catch (error) {
    if (mine !== wanted) return;
    if (cursor === null) fill(grid);
    fill(below, failure(sentence(error), () => void load(q, cursor)));
  } finally {
    if (mine === wanted) grid.setAttribute('aria-busy', 'false');
  }
}

function show(q: string, page: Page<Summary>, more: boolean): void {
  const tiles = page.items.map(tile);
  if (more) grid.append(...tiles);
  else fill(grid, ...tiles);
  // After 'more', the keyboard goes on at the first new one.
  if (more) tiles[0]?.querySelector('a')?.focus();
  setText(status, `${grid.childElementCount} shown${page.next_cursor ? ', more available' : ''}`);
  if (grid.childElementCount === 0) fill(below, nothing(q));
  else fill(below, page.next_cursor ? moreButton(q, page.next_cursor) : null);
}

function tile(content: Summary): HTMLLIElement {
  const title = content.title || 'Untitled';
  const picture = content.thumbnails[0];
  const image = picture
    ? h('img', { src: picture.url, alt: '', loading: 'lazy', decoding: 'async' })
    : null;
  // A picture that does not come leaves the sign behind it.
  image?.addEventListener('error', () => image.remove());
  const length = content.duration_s;
  const date = content.published_at ?? content.created_at;
  return h(
    'li',
    { class: 'tile' },
    h(
      'a',
      { href: `/watch/${content.id}` },
      h(
        'div',
        { class: 'tile-picture' },
        icon(content.kind === 'audio' ? 'note' : 'film'),
        image,
        length
          ? h('span', { class: 'tile-time', 'aria-label': spokenTime(length) }, clock(length))
          : null,
      ),
      h('h2', {}, title),
      h(
        'p',
        { class: 'soft small-text' },
        content.kind === 'audio' ? 'Audio · ' : null,
        h('time', { datetime: date }, relativeDate(date, Date.now())),
      ),
    ),
  );
}

function skeleton(): HTMLLIElement {
  const picture = h('div', { class: 'tile-picture' });
  return h('li', { class: 'tile skeleton', 'aria-hidden': 'true' }, picture, h('b'), h('b'));
}

function moreButton(q: string, cursor: string): HTMLElement {
  const more = h('button', { type: 'button', class: 'button' }, 'Show more');
  more.addEventListener('click', () => {
    more.disabled = true;
    void load(q, cursor);
  });
  return more;
}

function nothing(q: string): HTMLElement {
  return h(
    'div',
    { class: 'empty' },
    icon('film'),
    h('h2', {}, q ? 'Nothing found' : 'The stage is empty'),
    h('p', { class: 'soft' }, q ? 'Try other words.' : 'Nothing has been published yet.'),
    q
      ? h('a', { class: 'button', href: '/' }, 'Show everything')
      : h('a', { class: 'button primary', href: '/upload' }, 'Upload the first'),
  );
}

function failure(message: string, retry: () => void): HTMLElement {
  const again = h('button', { type: 'button', class: 'button', onclick: retry }, 'Try again');
  return h(
    'div',
    { class: 'empty', role: 'alert' },
    icon('alert'),
    h('h2', {}, 'The list could not be loaded'),
    h('p', { class: 'soft' }, message),
    again,
  );
}
