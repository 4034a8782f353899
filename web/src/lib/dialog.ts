// A question in a dialog: what will happen, the button that does it, and what went wrong if it did
// not. It stays open until the act has succeeded or the person turns away.

import { sentence } from './api';
import { fill, h, icon } from './dom';

/** Asks with `confirm` as the button that calls `act`; closes when `act` succeeds. */
export function ask(
  heading: string,
  body: HTMLElement[],
  confirm: HTMLButtonElement,
  act: () => Promise<void>,
): void {
  const problem = h('div', { role: 'alert' });
  const cancel = h('button', { type: 'button', class: 'button' }, 'Cancel');
  const buttons = h('div', { class: 'dialog-actions' }, cancel, confirm);
  const form = h('form', {}, h('h2', { id: 'ask' }, heading), ...body, problem, buttons);
  const dialog = h('dialog', { 'aria-labelledby': 'ask' }, form);
  cancel.addEventListener('click', () => dialog.close());
  dialog.addEventListener('close', () => dialog.remove());
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    confirm.disabled = true;
    act().then(
      () => dialog.close(),
      (error: unknown) => {
        confirm.disabled = false;
        fill(problem, h('p', { class: 'notice bad' }, icon('alert'), sentence(error)));
      },
    );
  });
  document.body.append(dialog);
  dialog.showModal();
}
