// Events that outlive their page: what a closed, reloaded or crashed page had not sent yet is kept
// by session and sent by the next page that plays something, under the same numbers and with its
// own times. What has been sent as well (a beacon tells nobody whether it arrived) changes nothing.
// Events of a session that was never opened are not kept: nobody could say later who watched.

import { EVENT_AGE_MAX_MS } from './outbox';
import type { SentEvent } from './types';

const PREFIX = 'playhouse.playback.';

/** Sessions kept at once, 150 kB each at most; the oldest goes for the next. */
export const SESSIONS_MAX = 5;

/** A page that lives saves anew at least this often, hidden ones included. */
const ALIVE_MS = 5 * 60_000;

/** One session's events at rest. */
export interface Stored {
  sessionId: string;
  events: SentEvent[];
}

interface Row {
  saved_ms: number;
  /** The page has gone: another may send them. */
  left: boolean;
  events: SentEvent[];
}

/** What of Storage is used. */
export type Shelf = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

/** The browser's store; one that forgets at once where it is forbidden. */
export function shelf(): Shelf {
  try {
    return localStorage;
  } catch {
    const nothing = (): null => null;
    return { length: 0, key: nothing, getItem: nothing, setItem: nothing, removeItem: nothing };
  }
}

/** Keeps the events of a session; `left` when its page goes. Nothing to keep clears it. */
export function save(
  shelf: Shelf,
  sessionId: string,
  events: SentEvent[],
  left: boolean,
  nowMs: number,
): void {
  try {
    if (events.length === 0) return shelf.removeItem(PREFIX + sessionId);
    const row: Row = { saved_ms: nowMs, left, events };
    shelf.setItem(PREFIX + sessionId, JSON.stringify(row));
    const rows = all(shelf).sort((a, b) => b.row.saved_ms - a.row.saved_ms);
    for (const { key } of rows.slice(SESSIONS_MAX)) shelf.removeItem(key);
  } catch {
    // A full or forbidden store loses what could not be sent; playback does not depend on it.
  }
}

/** What pages that are gone have left, without what the node would refuse as too old. */
export function leftovers(shelf: Shelf, nowMs: number): Stored[] {
  try {
    return all(shelf)
      .filter(({ row }) => row.left || nowMs - row.saved_ms > ALIVE_MS)
      .map(({ key, row }) => ({
        sessionId: key.slice(PREFIX.length),
        events: row.events.filter(({ at }) => nowMs - Date.parse(at) < EVENT_AGE_MAX_MS),
      }));
  } catch {
    return [];
  }
}

/** Forgets a session's events. */
export function forget(shelf: Shelf, sessionId: string): void {
  try {
    shelf.removeItem(PREFIX + sessionId);
  } catch {
    // Then they are sent once more, which changes nothing.
  }
}

function all(shelf: Shelf): { key: string; row: Row }[] {
  const keys = Array.from({ length: shelf.length }, (_, at) => shelf.key(at) ?? '');
  return keys
    .filter((key) => key.startsWith(PREFIX))
    .flatMap((key) => {
      const row = parse(shelf.getItem(key));
      if (row) return [{ key, row }];
      shelf.removeItem(key);
      return [];
    });
}

function parse(text: string | null): Row | null {
  try {
    const row = JSON.parse(text ?? 'null') as Row | null;
    return row && Array.isArray(row.events) && Number.isFinite(row.saved_ms) ? row : null;
  } catch {
    return null;
  }
}
