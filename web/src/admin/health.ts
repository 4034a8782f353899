// Whether the node is alive and takes requests, as its own probes say.

import { fill, h } from '../lib/dom';

const EVERY_MS = 10_000;

/** Two answers, asked for again while the page is seen. */
export function health(): HTMLElement {
  const checks = h('div', { class: 'checks', 'aria-live': 'polite' });
  const load = async (): Promise<void> => {
    const [alive, ready] = await Promise.all([probe('/healthz'), probe('/readyz')]);
    fill(checks, check('Alive', alive), check('Ready for requests', ready));
  };
  void load();
  setInterval(() => document.hidden || void load(), EVERY_MS);
  return checks;
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
