// What a list knows of a content goes with the click on it, so that the watch page starts to play
// before it has asked. It is a hint of the last few seconds, checked against the node at once.

import type { Content, Summary } from './types';

const KEY = 'playhouse.opening';
const FRESH_MS = 10_000;

/** Leaves word of what is being opened. */
export function announce(summary: Summary): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ at: Date.now(), summary }));
  } catch {
    // Then the watch page asks first.
  }
}

/** What was announced a moment ago for `id`, when it can play. */
export function announced(id: string): Content | null {
  try {
    const word = JSON.parse(sessionStorage.getItem(KEY) ?? 'null') as
      { at: number; summary: Summary } | null;
    sessionStorage.removeItem(KEY);
    const fresh = word && Math.abs(Date.now() - word.at) < FRESH_MS && word.summary.id === id;
    return fresh && word.summary.hls ? whole(word.summary) : null;
  } catch {
    return null;
  }
}

function whole(summary: Summary): Content {
  const { renditions = [], blocked_reason = null, owner_is_me = false } = summary;
  return { ...summary, renditions, dash: null, blocked_reason, owner_is_me };
}
