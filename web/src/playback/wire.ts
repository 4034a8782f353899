// The requests of playback sessions. Nothing here throws: an answer that did not come has status 0.

import { authorization } from '../lib/session';
import type { Opening } from './sender';
import type { Device, Opened, Receipt, SentEvent, StreamLimit } from './types';
import { clockOffsetMs, retryAfterMs, type Answer } from './verdict';

const SESSIONS = '/api/v1/playback/sessions';
const DEADLINE_MS = 10_000;
/** Browsers refuse beacons above 64 KiB, counted over all that are on their way. */
const BEACON_BYTES_MAX = 60_000;

const address = (id: string): string => `${SESSIONS}/${encodeURIComponent(id)}/events`;

/** Asks for a session. */
export async function openSession(contentId: string, device: Device): Promise<Opening> {
  const asked = Date.now();
  const { answer, body } = await post(SESSIONS, { content_id: contentId, device });
  if (answer.status >= 200 && answer.status < 300 && body) {
    const opened = body as Opened;
    return { is: 'open', opened, offsetMs: clockOffsetMs(asked, Date.now(), opened.server_time) };
  }
  const limit = body as Partial<StreamLimit & { type: string }> | null;
  if (answer.status === 409 && limit?.type?.endsWith('stream-limit')) {
    const { streams_max = 1, playing = [] } = limit;
    return { is: 'limited', limit: { streams_max, playing } };
  }
  const away = answer.status === 0 || answer.status === 429 || answer.status >= 500;
  return away ? { is: 'away', answer } : { is: 'refused' };
}

/** Sends a batch. */
export async function sendEvents(sessionId: string, events: SentEvent[]): Promise<Answer> {
  const { answer, body } = await post(address(sessionId), { events });
  const receipt = answer.status >= 200 && answer.status < 300 ? (body as Receipt | null) : null;
  return { ...answer, receipt };
}

/** Sends from a page that goes away: the oldest that fit, and the last. */
export function sendBeacon(sessionId: string, events: SentEvent[]): void {
  const fitting = [...events];
  while (fitting.length > 1 && JSON.stringify(fitting).length > BEACON_BYTES_MAX) {
    fitting.splice(Math.max(0, fitting.length - 20), Math.min(19, fitting.length - 1));
  }
  // A string goes as text/plain: JSON would need a preflight, which a page that goes cannot await.
  if (fitting.length > 0) navigator.sendBeacon?.(address(sessionId), JSON.stringify(fitting));
}

async function post(path: string, body: unknown): Promise<{ answer: Answer; body: unknown }> {
  try {
    const response = await fetch(path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...authorization(path) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout?.(DEADLINE_MS),
    });
    const wait = retryAfterMs(response.headers.get('Retry-After'), Date.now());
    const answer = { status: response.status, retryAfterMs: wait, receipt: null };
    return { answer, body: parse(await response.text()) };
  } catch {
    return { answer: { status: 0, retryAfterMs: null, receipt: null }, body: null };
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
