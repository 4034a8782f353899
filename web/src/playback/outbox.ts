// The events of one session that the node has not acknowledged yet, in order. Pure.
//
// Each event gets its number when it is first sent and keeps it: the node knows a repeated one by
// it. What was never sent has none, so that dropping it leaves no gap in the numbers.

import type { Happening, SentEvent } from './types';

/**
 * Events kept while the node is away. A heartbeat every ten seconds fills it in 100 minutes of
 * watching, at about 250 bytes each it is 150 kB; past it every second heartbeat goes first, so
 * that the beginning, the end and what the viewer did stay known.
 */
export const EVENTS_MAX = 600;

/** Events in one request: under 30 kB, so that one lost request costs little to send again. */
export const BATCH_EVENTS_MAX = 100;

/** The node refuses what is older (`too_old`), so it is not sent. */
export const EVENT_AGE_MAX_MS = 24 * 3600 * 1000;

interface Entry {
  seq: number | null;
  happening: Happening;
}

/** Waiting events with their numbers. */
export class Outbox {
  /** Events that found no room; tests and `playhouse.state()` read it. */
  dropped = 0;
  private entries: Entry[] = [];
  private next = 0;

  constructor(private readonly eventsMax = EVENTS_MAX) {}

  get size(): number {
    return this.entries.length;
  }

  /** What waits, oldest first. */
  get waiting(): readonly Happening[] {
    return this.entries.map((entry) => entry.happening);
  }

  /** Adds what happened last; makes room when there is none. */
  push(happening: Happening): void {
    this.entries.push({ seq: null, happening });
    if (this.entries.length > this.eventsMax) this.thin();
  }

  /** The oldest events, numbered; `offsetMs` is the node's clock less this browser's. */
  batch(offsetMs: number, max = BATCH_EVENTS_MAX): SentEvent[] {
    return this.entries.slice(0, max).map((entry) => {
      entry.seq ??= this.next++;
      return sent(entry.seq, entry.happening, offsetMs);
    });
  }

  /** Takes out what the node has answered for. */
  acknowledge(events: readonly SentEvent[]): void {
    const seqs = new Set(events.map((event) => event.seq));
    this.entries = this.entries.filter(({ seq }) => seq === null || !seqs.has(seq));
  }

  /** Puts answered events back at the front: the session they were sent to had ended before. */
  giveBack(happenings: readonly Happening[]): void {
    this.entries.unshift(...happenings.map((happening) => ({ seq: null, happening })));
  }

  /** What was sent under these numbers and still waits. */
  find(seqs: ReadonlySet<number>): Happening[] {
    return this.entries
      .filter(({ seq }) => seq !== null && seqs.has(seq))
      .map(({ happening }) => happening);
  }

  /** Begins again at number 0, for another session. */
  renumber(): void {
    this.next = 0;
    for (const entry of this.entries) entry.seq = null;
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.entries = [];
  }

  /**
   * Everything that waits under the numbers that it has or would get next, to be stored. Nothing
   * is fixed by it, so that `push` can still make room.
   */
  peek(offsetMs: number): SentEvent[] {
    let next = this.next;
    return this.entries.map(({ seq, happening }) => sent(seq ?? next++, happening, offsetMs));
  }

  /** Every second heartbeat that has neighbours of its kind goes, else the oldest unsent event. */
  private thin(): void {
    let odd = false;
    const kept = this.entries.filter((entry, at) => {
      const inside = isLoose(entry) && isBeat(this.entries[at - 1]) && isBeat(this.entries[at + 1]);
      odd = inside ? !odd : false;
      return !(inside && odd);
    });
    const room = kept.length < this.entries.length;
    if (!room) {
      const oldest = kept.findIndex(isLoose);
      kept.splice(Math.max(0, oldest), 1);
    }
    this.dropped += this.entries.length - kept.length;
    this.entries = kept;
  }
}

function isLoose(entry: Entry): boolean {
  return entry.seq === null;
}

function isBeat(entry: Entry | undefined): boolean {
  return entry?.happening.event === 'heartbeat';
}

function sent(seq: number, happening: Happening, offsetMs: number): SentEvent {
  const { at_ms, ...rest } = happening;
  return { seq, ...rest, at: new Date(at_ms + offsetMs).toISOString() };
}
