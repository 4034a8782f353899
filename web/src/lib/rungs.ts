// The list of renditions with a bar each, as the upload and watch pages show it.

import { h, setText } from './dom';
import { percent } from './format';
import type { Rendition } from './types';

const WORDS: Readonly<Record<Rendition['state'], string>> = {
  waiting: 'Waiting',
  encoding: 'Encoding',
  complete: 'Ready',
  failed: 'Failed',
};

/** Brings `list` up to date in place, so that bars glide and readers hear only what changed. */
export function drawRungs(list: HTMLElement, renditions: readonly Rendition[]): void {
  renditions.forEach((rendition, index) => {
    let row = list.children[index] as HTMLElement | undefined;
    if (row?.dataset.name !== rendition.name) {
      const made = makeRow(rendition);
      if (row) row.replaceWith(made);
      else list.append(made);
      row = made;
    }
    drawRow(row, rendition);
  });
  while (list.childElementCount > renditions.length) list.lastElementChild?.remove();
}

function makeRow(rendition: Rendition): HTMLElement {
  const row = h(
    'li',
    { class: 'rung' },
    h('strong', {}, rendition.name),
    h('div', { class: 'meter', role: 'progressbar', 'aria-label': rendition.name }, h('i')),
    h('span'),
  );
  row.dataset.name = rendition.name;
  return row;
}

function drawRow(row: HTMLElement, rendition: Rendition): void {
  const [, meter, word] = row.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
  const done = rendition.state === 'complete';
  const at = done ? 100 : percent(rendition.progress);
  meter.classList.toggle('good', done);
  meter.classList.toggle('bad', rendition.state === 'failed');
  meter.setAttribute('aria-valuenow', String(at));
  (meter.firstElementChild as HTMLElement).style.width = `${at}%`;
  const tries = !done && rendition.attempts > 1 ? `, attempt ${rendition.attempts}` : '';
  const running = rendition.state === 'encoding';
  setText(word, running ? `${at} %${tries}` : `${WORDS[rendition.state]}${tries}`);
}
