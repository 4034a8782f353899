// The front page: what is published, newest or most watched first, with search and pages by
// cursor. Search and order are in the address, so that they can be shared and the back button works.

import '../styles/index.css';
import { call, sentence } from '../lib/api';
import { byId, fill, h, icon, setText } from '../lib/dom';
import { clock, counted, relativeDate, shortCount, spokenTime } from '../lib/format';
import { announce } from '../lib/opening';
import { takeTokenFromAddress } from '../lib/session';
import type { Page, Summary } from '../lib/types';

const PER_PAGE = 24;
const SKELETONS = 8;
const HEADINGS = { newest: 'Newest', trending: 'Trending' } as const;

/** What is looked for, and in which order. */
interface Wish {
  q: string;
  sort: keyof typeof HEADINGS;
}

const grid = byId('grid');
const below = byId('below');
const status = byId('status');
const form = byId<HTMLFormElement>('search');
const box = byId<HTMLInputElement>('q');
const sorts = byId('sorts');
let wanted = 0;

takeTokenFromAddress();
form.addEventListener('submit', (event) => {
  event.preventDefault();
  go({ ...wish(), q: box.value.trim() });
});
sorts.addEventListener('click', (event) => {
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0);
  if (!link || !plain) return;
  event.preventDefault();
  go({ ...wish(), sort: link.dataset.sort === 'trending' ? 'trending' : 'newest' });
});
// The cross of a search field clears it without a submit.
box.addEventListener('search', () => box.value === '' && wish().q !== '' && form.requestSubmit());
addEventListener('popstate', begin);
begin();

function wish(): Wish {
  const address = new URLSearchParams(location.search);
  const sort = address.get('sort') === 'trending' ? 'trending' : 'newest';
  return { q: address.get('q')?.trim() ?? '', sort };
}

function addressOf({ q, sort }: Wish): string {
  const parameters = new URLSearchParams();
  if (q) parameters.set('q', q);
  if (sort !== 'newest') parameters.set('sort', sort);
  const text = parameters.toString();
  return text ? `/?${text}` : '/';
}

function go(next: Wish): void {
  history.pushState(null, '', addressOf(next));
  begin();
}

function begin(): void {
  const now = wish();
  box.value = now.q;
  setText(byId('heading'), now.q ? `Results for “${now.q}”` : HEADINGS[now.sort]);
  document.title = now.q ? `${now.q} · Playhouse` : 'Playhouse';
  for (const link of sorts.querySelectorAll('a')) {
    const sort = link.dataset.sort === 'trending' ? 'trending' : 'newest';
    link.setAttribute('href', addressOf({ ...now, sort }));
    if (sort === now.sort) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  fill(grid, ...Array.from({ length: SKELETONS }, skeleton));
  fill(below);
  void load(now, null);
}

async function load(now: Wish, cursor: string | null): Promise<void> {
  const mine = (wanted += 1);
  grid.setAttribute('aria-busy', 'true');
  const parameters = new URLSearchParams({ sort: now.sort, limit: String(PER_PAGE) });
  if (now.q) parameters.set('q', now.q);
  if (cursor) parameters.set('cursor', cursor);
  try {
    const page = await call<Page<Summary>>('GET', `/api/v1/content?${parameters}`);
    if (mine !== wanted) return;
    show(now, page, cursor !== null);
  } catch (error) {
    if (mine !== wanted) return;
    if (cursor === null) fill(grid);
    fill(below, failure(sentence(error), () => void load(now, cursor)));
  } finally {
    if (mine === wanted) grid.setAttribute('aria-busy', 'false');
  }
}

function show(now: Wish, page: Page<Summary>, more: boolean): void {
  const tiles = page.items.map(tile);
  if (more) grid.append(...tiles);
  else fill(grid, ...tiles);
  // After 'more', the keyboard goes on at the first new one.
  if (more) tiles[0]?.querySelector('a')?.focus();
  setText(status, `${grid.childElementCount} shown${page.next_cursor ? ', more available' : ''}`);
  if (grid.childElementCount === 0) fill(below, nothing(now.q));
  else fill(below, page.next_cursor ? moreButton(now, page.next_cursor) : null);
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
  const time = length
    ? h('span', { class: 'tile-time', 'aria-label': spokenTime(length) }, clock(length))
    : null;
  const hot = content.hot ? h('span', { class: 'tile-hot' }, icon('flame'), 'Hot') : null;
  const sign = icon(content.kind === 'audio' ? 'note' : 'film');
  const views = content.views ? `${counted(content.views, 'view', shortCount)} · ` : null;
  const link = h('a', { href: `/watch/${content.id}` },
    h('div', { class: 'tile-picture' }, sign, image, hot, time),
    h('h2', {}, title),
    h('p', { class: 'soft small-text' },
      content.kind === 'audio' ? 'Audio · ' : null, views,
      h('time', { datetime: date }, relativeDate(date, Date.now()))));
  link.addEventListener('click', () => announce(content));
  return h('li', { class: 'tile' }, link);
}

function skeleton(): HTMLLIElement {
  const picture = h('div', { class: 'tile-picture' });
  return h('li', { class: 'tile skeleton', 'aria-hidden': 'true' }, picture, h('b'), h('b'));
}

function moreButton(now: Wish, cursor: string): HTMLElement {
  const more = h('button', { type: 'button', class: 'button' }, 'Show more');
  more.addEventListener('click', () => {
    more.disabled = true;
    void load(now, cursor);
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
