// Signing in by token: the form that asks for one, and the line that says whose it is.

import { ApiError, call, sentence } from './api';
import { fill, h, icon } from './dom';
import { dropToken, storeToken, takeTokenFromAddress, token } from './session';
import type { Me } from './types';

/** Calls `ready` once with who the stored token says one is; asks for a token until it is good. */
export async function signIn(
  account: HTMLElement,
  content: HTMLElement,
  ready: (me: Me) => void,
): Promise<void> {
  takeTokenFromAddress();
  if (!token()) return ask(account, content, ready, null);
  try {
    const me = await call<Me>('GET', '/api/v1/me');
    if (me.anonymous) throw new ApiError(401, 'Not signed in', 'The token was not accepted.');
    fill(account, accountLine(me));
    ready(me);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
      dropToken();
      return ask(account, content, ready, 'This token is wrong or has expired.');
    }
    const again = h('button', { type: 'button', class: 'button' }, 'Try again');
    again.addEventListener('click', () => void signIn(account, content, ready));
    fill(content, h('div', { class: 'empty', role: 'alert' }, icon('alert'),
      h('p', {}, sentence(error)), again));
  }
}

function ask(
  account: HTMLElement,
  content: HTMLElement,
  ready: (me: Me) => void,
  problem: string | null,
): void {
  const field = h('input', { id: 'token', name: 'token', type: 'password', required: true,
    autocomplete: 'off', spellcheck: 'false', placeholder: 'eyJ…',
    'aria-describedby': 'token-help' });
  const form = h(
    'form',
    { class: 'card sign-in' },
    h('h2', {}, 'Sign in with a token'),
    problem ? h('p', { class: 'notice bad', role: 'alert' }, icon('alert'), problem) : null,
    h('label', { class: 'field' }, 'Token', field),
    h('p', { id: 'token-help', class: 'soft small-text' },
      'Ask the operator of this node for one. The token stays in this browser and is sent to this ',
      'server only.'),
    h('button', { type: 'submit', class: 'button primary' }, 'Sign in'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    storeToken(field.value);
    void signIn(account, content, ready);
  });
  fill(account);
  fill(content, form);
  if (problem) field.focus();
}

function accountLine(me: Me): HTMLElement {
  const out = h('button', { type: 'button', class: 'button small' }, 'Sign out');
  out.addEventListener('click', () => {
    dropToken();
    location.reload();
  });
  const who = h('span', {}, h('strong', {}, me.subject), ` · ${me.role}`);
  return h('div', { class: 'account' }, who, out);
}
