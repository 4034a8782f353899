// Calls to the node's API. Every failure becomes one ApiError with a sentence for people.

import { authorization } from './session';

/** A refused or failed call (RFC 9457 where the node answered). */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly title: string,
    detail: string,
    readonly traceId: string | null = null,
  ) {
    super(detail);
    this.name = 'ApiError';
  }
}

const DEADLINE_MS = 20_000;

/** Makes the error that an answer's body tells. */
export function errorFromBody(status: number, body: string, fallback: string): ApiError {
  try {
    const problem = JSON.parse(body) as { title?: string; detail?: string; trace_id?: string };
    const detail = problem.detail || problem.title || fallback;
    return new ApiError(status, problem.title || fallback, detail, problem.trace_id ?? null);
  } catch {
    return new ApiError(status, fallback, fallback);
  }
}

/** Sends a request and gives its JSON, or undefined when there is no body. */
export async function call<T>(
  method: string,
  path: string,
  body?: unknown,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const headers: Record<string, string> = { Accept: 'application/json', ...authorization(path) };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const response = await send(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout?.(deadlineMs),
  });
  const text = await response.text();
  if (!response.ok) throw errorFromBody(response.status, text, wordsFor(response.status));
  return (text ? JSON.parse(text) : undefined) as T;
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch (cause) {
    const late = cause instanceof DOMException && cause.name === 'TimeoutError';
    const why = late ? 'The server did not answer in time.' : 'The server cannot be reached.';
    throw new ApiError(0, 'No answer', `${why} Check your connection and try again.`);
  }
}

function wordsFor(status: number): string {
  if (status === 401) return 'Your token is missing, wrong or expired.';
  if (status === 403) return 'Your token does not allow this.';
  if (status === 404) return 'It does not exist, or you may not see it.';
  if (status === 503) return 'The server is busy. Try again in a moment.';
  return `The server answered with status ${status}.`;
}

/** What went wrong, as a sentence. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
