// Tabs (WAI-ARIA): arrows move between them, and a panel loads when it is first shown.

import { h } from '../lib/dom';

/** One tab. */
export interface Tab {
  name: string;
  label: string;
  body: HTMLElement;
  /** Called each time it is chosen. */
  shown?(): void;
}

/** The list of tabs, `beside` next to it, and their panels; the first one is chosen. */
export function tabs(all: readonly Tab[], beside: HTMLElement): HTMLElement {
  const buttons = all.map(({ name, label }) => h('button', { type: 'button', role: 'tab',
    id: `tab-${name}`, 'aria-controls': `panel-${name}` }, label));
  const panels = all.map(({ name, body }) => h('div', { role: 'tabpanel', id: `panel-${name}`,
    'aria-labelledby': `tab-${name}` }, body));
  const choose = (chosen: number): void => {
    buttons.forEach((button, i) => {
      button.setAttribute('aria-selected', String(i === chosen));
      button.tabIndex = i === chosen ? 0 : -1;
    });
    panels.forEach((panel, i) => (panel.hidden = i !== chosen));
    all[chosen]?.shown?.();
  };
  const list = h('div', { role: 'tablist', class: 'tabs', 'aria-label': 'Panels' }, ...buttons);
  buttons.forEach((button, i) => button.addEventListener('click', () => choose(i)));
  list.addEventListener('keydown', (event) => {
    const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || step === undefined) return;
    const next = (at + step + buttons.length) % buttons.length;
    choose(next);
    buttons[next]?.focus();
  });
  choose(0);
  return h('div', {}, h('div', { class: 'tab-row' }, list, beside), ...panels);
}
