// Tabs (WAI-ARIA): arrows move between them, and a panel loads when it is first shown. The address
// names the tab, `#tab=cluster`, so that it can be linked and stays when the page is loaded anew.

import { h } from '../lib/dom';

/** One tab. */
export interface Tab {
  name: string;
  label: string;
  body: HTMLElement;
  /** Called each time it is chosen. */
  shown?(): void;
}

/** The fragment that chooses a tab. */
export function tabAddress(name: string): string {
  return `#tab=${name}`;
}

/** Which of the tabs a fragment chooses: the first one has all that names no other; null for a mere
 * place on the page. */
export function tabIn(hash: string, names: readonly string[]): number | null {
  if (hash.length > 1 && !hash.includes('=')) return null;
  const name = new URLSearchParams(hash.slice(1)).get('tab') ?? '';
  return Math.max(0, names.indexOf(name));
}

/** The list of tabs, `beside` next to it, and their panels; the address chooses one. */
export function tabs(all: readonly Tab[], beside: HTMLElement): HTMLElement {
  const buttons = all.map(({ name, label }) => h('button', { type: 'button', role: 'tab',
    id: `tab-${name}`, 'aria-controls': `panel-${name}` }, label));
  const panels = all.map(({ name, body }) => h('div', { role: 'tabpanel', id: `panel-${name}`,
    'aria-labelledby': `tab-${name}` }, body));
  const names = all.map(({ name }) => name);
  /** What the address was in each tab. */
  const addresses = names.map((name, i) => (i === 0 ? '' : tabAddress(name)));
  let now = tabIn(location.hash, names) ?? 0;
  const choose = (chosen: number): void => {
    now = chosen;
    buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === chosen));
      button.tabIndex = i === chosen ? 0 : -1;
    });
    panels.forEach((panel, i) => (panel.hidden = i !== chosen));
    all[chosen]?.shown?.();
  };
  const go = (chosen: number): void => {
    if (chosen === now) return;
    addresses[now] = location.hash;
    history.replaceState(null, '', location.pathname + location.search + addresses[chosen]);
    choose(chosen);
  };
  window.addEventListener('hashchange', () => {
    const chosen = tabIn(location.hash, names);
    if (chosen !== null && chosen !== now) choose(chosen);
  });
  const list = h('div', { role: 'tablist', class: 'tabs', 'aria-label': 'Panels' }, ...buttons);
  buttons.forEach((button, i) => button.addEventListener('click', () => go(i)));
  list.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || step === undefined) return;
    const next = (at + step + buttons.length) % buttons.length;
    go(next);
    buttons[next]?.focus();
  });
  choose(now);
  return h('div', {}, h('div', { class: 'tab-row' }, list, beside), ...panels);
}
