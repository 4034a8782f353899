// Words over the player: where it resumed, and why it may not play here.

import { h, icon } from '../lib/dom';
import { relativeDate } from '../lib/format';
import type { StreamLimit } from '../playback/types';

const SHOWN_MS = 8000;

/** A line with one button that goes by itself; a press on the button or the cross ends it, too. */
export function passingNotice(words: string, label: string, act: () => void): HTMLElement {
  const gone = (): void => notice.remove();
  const press = (): void => {
    gone();
    act();
  };
  const button = h('button', { type: 'button', class: 'notice-act', onclick: press }, label);
  const cross = h('button', { type: 'button', class: 'control', 'aria-label': 'Dismiss',
    onclick: gone }, icon('close'));
  const dot = h('span', { 'aria-hidden': 'true' }, '·');
  const notice = h('div', { class: 'player-notice' },
    h('span', { role: 'status' }, words), dot, button, cross);
  // Whoever is about to press it is not raced.
  const hide = (): void => {
    if (notice.matches(':hover, :focus-within')) setTimeout(hide, SHOWN_MS / 4);
    else gone();
  };
  setTimeout(hide, SHOWN_MS);
  return notice;
}

/** The panel for a viewer who watches elsewhere already. */
export function limitPanel(limit: StreamLimit, again: () => void): HTMLElement {
  const rows = limit.playing.map(({ device, title, since }) =>
    h('li', {}, icon('play'),
      h('div', {}, h('strong', {}, nameOf(device)),
        h('span', {}, [title, since && startedWords(since)].filter(Boolean).join(' · ')))));
  const only = limit.playing.length === 1 ? limit.playing[0] : undefined;
  const heading = only
    ? `You are already watching on ${nameOf(only.device)}`
    : 'You are already watching elsewhere';
  const most = limit.streams_max === 1
    ? 'One stream can play at a time. Stop it there, then try again here.'
    : `${limit.streams_max} streams can play at a time. Stop one of them, then try again here.`;
  const button = h('button', { type: 'button', class: 'button primary', onclick: again },
    'Try again');
  return h('div', { class: 'player-message limit-panel', role: 'alert' }, icon('screens'),
    h('h2', {}, heading), h('p', {}, most),
    rows.length > 0 ? h('ul', { class: 'limit-list' }, ...rows) : null, button);
}

function nameOf(device: StreamLimit['playing'][number]['device']): string {
  return (typeof device === 'string' ? device : device.name) || 'another device';
}

function startedWords(since: string): string {
  const when = relativeDate(since, Date.now());
  return when ? `started ${when}` : '';
}
