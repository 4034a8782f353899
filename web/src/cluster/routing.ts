// Explain routing: which way an ask for an id would go from the node that answers, and why.

import { fill, h } from '../lib/dom';
import { Facts } from '../admin/facts';
import { problem } from '../admin/parts';
import { explain } from './client';
import { KINDS, roundTrip, sentence, underWay, WAYS } from './words';
import type { Kind, Route } from './types';

const ID_MAX = 200;

/** The card; `reveal` shows a shard in the picture. */
export function routing(reveal: (shard: number) => void): HTMLElement {
  const kind = h('select', { name: 'kind' }, ...Object.entries(KINDS).map(([value, name]) =>
    h('option', { value }, name)));
  const id = h('input', { name: 'id', required: true, maxlength: ID_MAX, autocomplete: 'off',
    spellcheck: 'false', placeholder: 'Its id' });
  const button = h('button', { type: 'submit', class: 'button' }, 'Explain');
  const result = h('div', { class: 'route-result', role: 'status' });
  const form = h('form', { class: 'route-form' }, h('label', { class: 'field' }, 'Kind', kind),
    h('label', { class: 'field' }, 'Id', id), button);
  const load = async (): Promise<void> => {
    button.disabled = true;
    try {
      fill(result, ...answer(await explain(id.value.trim(), kind.value as Kind), reveal));
    } catch (error) {
      fill(result, problem(error));
    } finally {
      button.disabled = false;
    }
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    void load();
  });
  return h('section', { class: 'card routing', 'aria-label': 'Explain routing' },
    h('div', { class: 'panel-head' }, h('h2', {}, 'Explain routing')),
    h('p', { class: 'soft small-text' }, 'Which way an ask for an id would go now, from the node ' +
      'that answers this page, and what the database says of it.'),
    form, result);
}

function answer(route: Route, reveal: (shard: number) => void): HTMLElement[] {
  const { shard, link } = route;
  const { word, tone } = WAYS[route.way];
  const facts = new Facts();
  facts.draw([
    ['Answered by', route.answered_by.name],
    ['Sent to', route.to],
    ['Owner it knows', route.known_owner ?? 'nobody'],
    ['At epoch', String(route.known_epoch)],
    ['Owner by the database', shard.owner?.name ?? 'nobody'],
    ['At its epoch', String(shard.epoch)],
    ['Should be at', shard.desired ?? 'nobody may own it'],
    ['Link', link && (link.connected ? underWay(link) : 'not reached'),
      link?.last_error ?? undefined, link?.connected === false ? 'bad' : ''],
    ['Round trip', link && roundTrip(link)],
  ]);
  const show = h('button', { type: 'button', class: 'button small',
    onclick: () => reveal(shard.shard) }, `Show shard ${shard.shard}`);
  return [
    h('p', { class: 'route-why' }, h('span', { class: `pill ${tone}` }, word),
      h('span', {}, sentence(route.why)), show),
    ...route.stale === null ? [] : [h('p', { class: 'notice busy' }, sentence(route.stale))],
    h('p', { class: 'soft' }, `The shard by the database: ${shard.why}.`),
    facts.element,
  ];
}
