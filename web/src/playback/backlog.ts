// Sends what earlier pages could not, one session after the other, beside what plays now.

import { BATCH_EVENTS_MAX } from './outbox';
import { forget, leftovers, type Shelf, type Stored } from './stored';
import type { SentEvent } from './types';
import { judge, type Answer } from './verdict';

/** The world as the backlog sees it. */
export interface BacklogPorts {
  send(sessionId: string, events: SentEvent[]): Promise<Answer>;
  wait(ms: number): Promise<void>;
  random(): number;
}

/** Sends everything that is left in `shelf`; it ends when nothing is. */
export async function sendLeftovers(
  shelf: Shelf,
  nowMs: number,
  ports: BacklogPorts,
): Promise<void> {
  for (const stored of leftovers(shelf, nowMs)) {
    await sendOne(stored, ports);
    forget(shelf, stored.sessionId);
  }
}

/** Until the node has answered for all of it: an unknown session has nobody to count for. */
async function sendOne({ sessionId, events }: Stored, ports: BacklogPorts): Promise<void> {
  let tries = 0;
  for (let at = 0; at < events.length; ) {
    const batch = events.slice(at, at + BATCH_EVENTS_MAX);
    const verdict = judge(await ports.send(sessionId, batch), tries, ports.random());
    if (verdict.do === 'reopen') return;
    if (verdict.do === 'wait') {
      tries += 1;
      await ports.wait(verdict.ms);
      continue;
    }
    tries = 0;
    at += batch.length;
  }
}
