// What an answer to a batch means for its events, and how long to wait before the next try. Pure.

import { backoffMs } from '../lib/sse';
import type { Receipt } from './types';

/** An answer as it came; status 0 when none did. */
export interface Answer {
  status: number;
  retryAfterMs: number | null;
  receipt: Receipt | null;
}

export type Verdict =
  /** The node has them. `late` were sent to a session that had ended: they belong to a new one. */
  | { do: 'done'; late: number[] }
  /** The node does not know the session. */
  | { do: 'reopen' }
  /** Keep them and send them later. */
  | { do: 'wait'; ms: number }
  /** Fewer at once. */
  | { do: 'split' }
  /** They will never be taken: keeping them would hold up all that follow. */
  | { do: 'drop' };

/** A server that asks for more than this is asked again anyway. */
const RETRY_AFTER_MAX_MS = 10 * 60_000;
/** Answers that say nothing about the events themselves. */
const TRANSIENT = new Set([0, 408, 425, 429]);

/** `tries` failed before this one; `random` from 0 to 1 spreads clients. */
export function judge(answer: Answer, tries: number, random: number): Verdict {
  const { status, receipt } = answer;
  if (status >= 200 && status < 300) {
    const late = (receipt?.refused ?? []).filter(({ reason }) => reason === 'after_end');
    return { do: 'done', late: late.map(({ seq }) => seq) };
  }
  if (status === 404 || status === 410) return { do: 'reopen' };
  if (status === 413) return { do: 'split' };
  const transient = TRANSIENT.has(status) || status >= 500;
  if (transient) return { do: 'wait', ms: waitMs(answer, tries, random) };
  return { do: 'drop' };
}

/** The wait that the server asks for, or a doubling one; never less than either says. */
export function waitMs(answer: Answer, tries: number, random: number): number {
  const asked = Math.min(answer.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
  return Math.max(asked, backoffMs(tries, random));
}

/** `Retry-After` (RFC 9110 section 10.2.3) in milliseconds: seconds or a date; else null. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs);
}

/** The node's clock less ours, taking its answer to be made midway. */
export function clockOffsetMs(askedMs: number, answeredMs: number, serverTime: string): number {
  const server = Date.parse(serverTime);
  return Number.isNaN(server) ? 0 : server - (askedMs + answeredMs) / 2;
}
