// Server-sent events over fetch, since EventSource cannot send Authorization. Reconnects with
// backoff until it is closed, its follower has heard the last event, or the server refuses it for
// good.

import { ApiError, errorFromBody } from './api';
import { authorization } from './session';
import { SseParser, backoffMs } from './sse';

/** Who hears a stream. */
export interface Follower {
  /** One event; true when it was the last one. */
  event(name: string, data: string): boolean | void;
  /** The server refused for good (401, 403, 404, 410). */
  refused?(error: ApiError): void;
  /** True while connected; false while it waits to try again. */
  connected?(up: boolean): void;
}

/** Follows the stream at `url` until the returned function is called. */
export function followStream(url: string, follower: Follower): () => void {
  const closed = new AbortController();
  void follow(url, follower, closed.signal);
  return () => closed.abort();
}

async function follow(url: string, follower: Follower, closed: AbortSignal): Promise<void> {
  let attempt = 0;
  let retryMs: number | null = null;
  while (!closed.aborted) {
    try {
      const parser = new SseParser();
      const ended = await readOnce(url, parser, follower, closed, () => (attempt = 0));
      retryMs = parser.retryMs;
      if (ended) return;
    } catch (error) {
      if (closed.aborted) return;
      if (error instanceof ApiError && [401, 403, 404, 410].includes(error.status)) {
        follower.refused?.(error);
        return;
      }
    }
    if (closed.aborted) return;
    follower.connected?.(false);
    await pause(Math.max(retryMs ?? 0, backoffMs(attempt, Math.random())), closed);
    attempt += 1;
  }
}

/** Reads one connection to its end; true when the last event has come. */
async function readOnce(
  url: string,
  parser: SseParser,
  follower: Follower,
  closed: AbortSignal,
  alive: () => void,
): Promise<boolean> {
  const headers = { Accept: 'text/event-stream', ...authorization(url) };
  const response = await fetch(url, { headers, signal: closed, cache: 'no-store' });
  if (!response.ok || !response.body) {
    throw errorFromBody(response.status, await response.text(), 'The event stream was refused.');
  }
  follower.connected?.(true);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || closed.aborted) return false;
    for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) {
      alive();
      if (follower.event(event, data) !== true) continue;
      await reader.cancel();
      return true;
    }
  }
}

function pause(ms: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    closed.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
