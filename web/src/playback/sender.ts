// Sends the events of what plays: opens a session, one batch at a time, again and again while the
// node is away. It never throws and nobody waits for it: playback goes on whatever it meets.
//
// When the node does not know the session any more (404), or had ended it (`after_end`), a new one
// is opened as soon as something plays, and takes over the events that were not taken, numbered
// anew; what only says that nothing plays (pause, end) would make a session without a viewer, so it
// is dropped. The clock, the network and the wait are handed in, so that tests hold all of it.

import { backoffMs } from '../lib/sse';
import { BATCH_EVENTS_MAX, Outbox } from './outbox';
import type { Happening, Opened, SentEvent, StreamLimit } from './types';
import { judge, waitMs, type Answer } from './verdict';

/** What came of asking for a session. */
export type Opening =
  | { is: 'open'; opened: Opened; offsetMs: number }
  | { is: 'limited'; limit: StreamLimit }
  /** Not for this viewer or not this content: nothing is told. */
  | { is: 'refused' }
  | { is: 'away'; answer: Answer };

/** The world as the sender sees it. */
export interface Ports {
  open(): Promise<Opening>;
  send(sessionId: string, events: SentEvent[]): Promise<Answer>;
  wait(ms: number): Promise<void>;
  random(): number;
}

/** Who hears of sessions. */
export interface SenderListener {
  opened(opened: Opened): void;
  limited(limit: StreamLimit): void;
}

/** One player's way to the node. */
export class Sender {
  readonly outbox = new Outbox();
  session: Opened | null = null;
  /** The node's clock less ours. */
  offsetMs = 0;
  private wanted = true;
  private closed = false;
  private tries = 0;
  /** Sessions in a row that took no event. */
  private barren = 0;
  private batchMax = BATCH_EVENTS_MAX;
  private wake: (() => void) | null = null;

  constructor(
    private readonly ports: Ports,
    private readonly listener: SenderListener,
  ) {}

  /** Opens the session and sends until `close`. */
  start(): void {
    void this.run();
  }

  /** Ends the sending for good; what waits stays in the outbox. */
  close(): void {
    this.closed = true;
    this.wake?.();
  }

  /** Takes what happened; sends it soon. */
  record(happening: Happening): void {
    if (this.closed) return;
    this.outbox.push(happening);
    if (tellsOfPlaying(happening)) this.wanted = true;
    this.wake?.();
  }

  private async run(): Promise<void> {
    while (!this.closed) {
      if (this.session && this.outbox.size > 0) await this.sendBatch(this.session);
      else if (!this.session && this.wanted) await this.open();
      else await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private async open(): Promise<void> {
    const opening = await this.ports.open();
    if (this.closed) return;
    switch (opening.is) {
      case 'open':
        this.tries = 0;
        this.session = opening.opened;
        this.offsetMs = opening.offsetMs;
        return this.listener.opened(opening.opened);
      case 'away':
        return this.pause(waitMs(opening.answer, this.tries, this.ports.random()));
      case 'limited':
        this.outbox.clear();
        this.close();
        return this.listener.limited(opening.limit);
      case 'refused':
        this.outbox.clear();
        return this.close();
    }
  }

  private async sendBatch(session: Opened): Promise<void> {
    const batch = this.outbox.batch(this.offsetMs, this.batchMax);
    const answer = await this.ports.send(session.session_id, batch);
    if (this.closed) return;
    const verdict = judge(answer, this.tries, this.ports.random());
    if (verdict.do === 'wait') return this.pause(verdict.ms);
    this.tries = 0;
    if (answer.receipt && answer.receipt.accepted > 0) this.barren = 0;
    switch (verdict.do) {
      case 'done':
        return this.settle(batch, new Set(verdict.late));
      case 'reopen':
        return this.reopen();
      case 'split':
        if (batch.length <= 1) this.outbox.acknowledge(batch);
        this.batchMax = Math.max(1, Math.floor(batch.length / 2));
        return;
      case 'drop':
        return this.outbox.acknowledge(batch);
    }
  }

  private async settle(batch: SentEvent[], late: ReadonlySet<number>): Promise<void> {
    const belated = this.outbox.find(late);
    this.outbox.acknowledge(batch);
    this.batchMax = BATCH_EVENTS_MAX;
    if (late.size === 0) return;
    this.outbox.giveBack(belated);
    await this.reopen();
  }

  private async reopen(): Promise<void> {
    this.session = null;
    this.takeOver();
    // A node that forgets each session at once is not asked for another without pause.
    this.barren += 1;
    if (this.barren > 1) await this.ports.wait(backoffMs(this.barren - 2, this.ports.random()));
  }

  /** The events that wait go to another session, from the first that tells of playing on. */
  private takeOver(): void {
    const waiting = [...this.outbox.waiting];
    const first = waiting.findIndex(tellsOfPlaying);
    this.outbox.clear();
    this.outbox.renumber();
    this.wanted = first >= 0;
    const playing = waiting[first];
    if (!playing) return;
    const { position_s, at_ms } = playing;
    if (playing.event !== 'start') this.outbox.push({ event: 'start', position_s, at_ms });
    for (const happening of waiting.slice(first)) this.outbox.push(happening);
  }

  private async pause(ms: number): Promise<void> {
    this.tries += 1;
    await this.ports.wait(ms);
  }
}

function tellsOfPlaying({ event, playing }: Happening): boolean {
  return event === 'start' || event === 'play' || (event === 'heartbeat' && playing !== false);
}
