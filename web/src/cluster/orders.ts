// Drain and resume: a dialog that names the member and says what will happen, and the order itself.
// The node writes every order to its audit log, taken or not.

import { ask } from '../lib/dialog';
import { h } from '../lib/dom';
import { titled } from '../admin/words';
import { turn } from './client';
import { effect } from './words';
import type { Ordered } from '../admin/client';
import type { Cluster, Member, Turn } from './types';

const REASON_MAX = 200;

/** Asks whether to give the order and gives it; `given` hears that the node has taken it. */
export function askTurn(
  action: Turn,
  member: Member,
  cluster: Cluster,
  given: (taken: Ordered) => void,
): void {
  const reason = h('input', { maxlength: REASON_MAX, autocomplete: 'off', name: 'reason',
    placeholder: 'Optional, kept in the audit log' });
  const body = [
    h('p', { class: 'order-target' }, 'Node ', h('code', {}, member.name)),
    h('p', {}, effect(action, member, cluster)),
    h('label', { class: 'field' }, 'Reason', reason),
  ];
  const button = h('button', { type: 'submit', class: 'button primary' }, titled(action));
  ask(`${titled(action)} this node?`, body, button, async () => {
    given(await turn(action, member.name, reason.value.trim()));
  });
}

/** What is told when the node has taken an order. */
export function turned({ action, path, audit_id: id }: Ordered): string {
  const name = path.replace(/^nodes\//, '');
  const what = action === 'drain' ? 'Draining' : 'Resuming';
  return `${what} of ${name} was ordered; audit entry ${id}.`;
}
