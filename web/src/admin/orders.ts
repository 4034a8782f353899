// Restart and stop: a dialog that names the actor and says what will happen, and the order itself.
// The node writes every order to its audit log, taken or not.

import { ask } from '../lib/dialog';
import { h } from '../lib/dom';
import { order, type Ordered } from './client';
import { called, effect, ROLES, titled } from './words';
import type { Action, ActorView } from './types';

const REASON_MAX = 200;

/** Asks whether to give the order and gives it; `given` hears that the node has taken it. */
export function askOrder(action: Action, view: ActorView, given: (taken: Ordered) => void): void {
  const reason = h('input', { maxlength: REASON_MAX, autocomplete: 'off', name: 'reason',
    placeholder: 'Optional, kept in the audit log' });
  const body = [
    h('p', { class: 'order-target' }, `${ROLES[view.role]} `, h('code', {}, called(view.path))),
    h('p', {}, effect(action, view.role)),
    h('label', { class: 'field' }, 'Reason', reason),
  ];
  const look = action === 'stop' ? 'button danger' : 'button primary';
  const button = h('button', { type: 'submit', class: look }, titled(action));
  ask(`${titled(action)} this actor?`, body, button, async () => {
    given(await order(action, view, reason.value.trim()));
  });
}

/** What is told when the node has taken an order. */
export function taken({ action, path, audit_id: id }: Ordered): string {
  const words = action === 'stop' ? 'Stop' : 'Restart';
  return `${words} of ${called(path)} was ordered; audit entry ${id}.`;
}
