// The list of the player's keys, in a dialog.

import { h } from '../lib/dom';
import { KEY_HELP } from '../lib/keys';

let open: HTMLDialogElement | null = null;

/** Shows the list, or closes it when it is open. */
export function toggleHelp(): void {
  if (open) return open.close();
  const rows = KEY_HELP.map(([keys, does]) =>
    h('div', { class: 'key-row' },
      h('dt', {}, ...keys.map((key) => h('kbd', {}, key))), h('dd', {}, does)));
  const done = h('button', { type: 'submit', class: 'button small', value: 'close' }, 'Close');
  const form = h('form', { method: 'dialog' },
    h('h2', { id: 'key-help' }, 'Keys'), h('dl', { class: 'key-list' }, ...rows),
    h('div', { class: 'dialog-actions' }, done));
  const dialog = h('dialog', { 'aria-labelledby': 'key-help', class: 'key-help' }, form);
  const close = (): void => dialog.close();
  dialog.addEventListener('close', () => {
    dialog.remove();
    open = null;
  });
  dialog.addEventListener('keydown', (event) => event.key === '?' && close());
  // A press beside it falls on the dialog itself.
  dialog.addEventListener('click', (event) => event.target === dialog && close());
  // Inside the player in full screen only what is in its element is shown.
  (document.fullscreenElement ?? document.body).append(dialog);
  open = dialog;
  dialog.showModal();
}
