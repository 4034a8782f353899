// Server-sent events over fetch, since EventSource cannot send Authorization. Reconnects with
// backoff until it is closed, the server says `end`, or the server refuses for good.

import { ApiError, errorFromBody } from './api';
import { authorization } from './session';
import { SseParser, backoffMs } from './sse';
import type { Content, Progress } from './types';

/** What a listener is told. */
export interface Listener {
  content?(content: Content): void;
  progress?(progress: Progress): void;
  /** The server has nothing more to tell. */
  end?(): void;
  /** The server refused for good (401, 403, 404). */
  refused?(error: ApiError): void;
  /** True while connected; false while it waits to try again. */
  connected?(up: boolean): void;
}

/** Follows one content until the returned function is called. */
export function followContent(id: string, listener: Listener): () => void {
  const closed = new AbortController();
  void follow(`/api/v1/content/${encodeURIComponent(id)}/events`, listener, closed.signal);
  return () => closed.abort();
}

async function follow(url: string, listener: Listener, closed: AbortSignal): Promise<void> {
  let attempt = 0;
  let retryMs: number | null = null;
  while (!closed.aborted) {
    try {
      const parser = new SseParser();
      const ended = await readOnce(url, parser, listener, closed, () => (attempt = 0));
      retryMs = parser.retryMs;
      if (ended) return;
    } catch (error) {
      if (closed.aborted) return;
      if (error instanceof ApiError && [401, 403, 404, 410].includes(error.status)) {
        listener.refused?.(error);
        return;
      }
    }
    listener.connected?.(false);
    await pause(Math.max(retryMs ?? 0, backoffMs(attempt, Math.random())), closed);
    attempt += 1;
  }
}

/** Reads one connection to its end; true when the server said `end`. */
async function readOnce(
  url: string,
  parser: SseParser,
  listener: Listener,
  closed: AbortSignal,
  alive: () => void,
): Promise<boolean> {
  const headers = { Accept: 'text/event-stream', ...authorization(url) };
  const response = await fetch(url, { headers, signal: closed, cache: 'no-store' });
  if (!response.ok || !response.body) {
    throw errorFromBody(response.status, await response.text(), 'The event stream was refused.');
  }
  listener.connected?.(true);
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done, value } = await reader.read();
    if (done || closed.aborted) return false;
    for (const { event, data } of parser.push(decoder.decode(value, { stream: true }))) {
      alive();
      if (event === 'content') listener.content?.(JSON.parse(data) as Content);
      else if (event === 'progress') listener.progress?.(JSON.parse(data) as Progress);
      else if (event === 'end') {
        await reader.cancel();
        listener.end?.();
        return true;
      }
    }
  }
}

function pause(ms: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    closed.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
