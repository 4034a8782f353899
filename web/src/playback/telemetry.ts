// A player's playback session: watches the element, beats while it plays, keeps what could not be
// sent, says goodbye when the page goes. See sender.ts for how it is sent.

import type { Engine } from '../player/engine';
import { sendLeftovers } from './backlog';
import { cmcdOf } from './cmcd';
import { thisDevice } from './device';
import { Sender } from './sender';
import { save, shelf } from './stored';
import type { Happening, Opened, StreamLimit } from './types';
import { Watcher } from './watcher';
import { openSession, sendBeacon, sendEvents } from './wire';

/** Before the node has said how often. */
const BEAT_S = 10;
const TICK_MS = 1000;
/** What waits is stored this often; a page that crashes loses no more. */
const SAVE_MS = 5000;
/** What earlier pages left is sent when this one plays. */
const LEFTOVERS_AFTER_MS = 3000;
const CARRY_CMCD = new Set(['start', 'play', 'buffering', 'heartbeat']);

/** Who hears of the session. */
export interface TelemetryListener {
  opened(opened: Opened): void;
  limited(limit: StreamLimit): void;
}

/** One session of one player; another one follows by itself when the node has ended it. */
export class Telemetry {
  readonly sender: Sender;
  private watcher: Watcher | null = null;
  private beatAt = 0;
  private savedAt = 0;
  private hasLeft = false;
  private readonly timer: number;
  private readonly ears = new AbortController();

  constructor(
    private readonly contentId: string,
    private readonly listener: TelemetryListener,
  ) {
    const device = thisDevice();
    const wait = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
    const ports = { send: sendEvents, wait, random: Math.random };
    this.sender = new Sender({ ...ports, open: () => openSession(contentId, device) }, {
      opened: (opened) => this.listener.opened(opened),
      limited: (limit) => this.limited(limit),
    });
    const { signal } = this.ears;
    addEventListener('pagehide', () => this.leave(), { signal });
    addEventListener('pageshow', () => (this.hasLeft = false), { signal });
    document.addEventListener('visibilitychange', () => this.keep(), { signal });
    this.timer = window.setInterval(() => this.tick(), TICK_MS);
    setTimeout(() => void sendLeftovers(shelf(), Date.now(), ports), LEFTOVERS_AFTER_MS);
    this.sender.start();
  }

  /** Begins to watch; `since` is the click or navigation, on the clock of `performance`. */
  watch(engine: Engine, since: number): void {
    this.watcher?.stop();
    this.watcher = new Watcher(engine, (happening) => {
      this.beatAt = performance.now();
      this.sender.record(this.described(happening, engine));
    }, since);
  }

  /** Playback waits for the viewer to press play. */
  heldBack(): void {
    this.watcher?.awaitViewer();
  }

  /** Playback broke. */
  failed(code: string, message: string): void {
    this.watcher?.tell({ event: 'error', code, message });
  }

  /** Ends the session for good. */
  close(): void {
    this.leave();
    this.stop();
  }

  private limited(limit: StreamLimit): void {
    this.stop();
    this.listener.limited(limit);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.ears.abort();
    this.watcher?.stop();
    this.sender.close();
  }

  private tick(): void {
    const { watcher, sender } = this;
    if (!watcher?.isOpen) return;
    const { heartbeat_interval_s = BEAT_S, timeout_s = 6 * BEAT_S } = sender.session ?? {};
    const every = watcher.isPlaying ? heartbeat_interval_s : timeout_s / 2;
    const now = performance.now();
    // A tick that comes a little early counts: the next would be late.
    if (now - this.beatAt >= every * 1000 - TICK_MS / 2) watcher.tell({ event: 'heartbeat' });
    if (now - this.savedAt >= SAVE_MS) this.keep();
  }

  /** Stores what waits. A page that goes is hidden after it has said so: it stays gone. */
  private keep(): void {
    this.savedAt = performance.now();
    const { session, outbox, offsetMs } = this.sender;
    if (!session) return;
    save(shelf(), session.session_id, outbox.peek(offsetMs), this.hasLeft, Date.now());
  }

  /** The page goes: what is unsent and the end in one beacon, and in the store if that fails. */
  private leave(): void {
    if (this.hasLeft) return;
    this.hasLeft = true;
    const { watcher, sender } = this;
    if (!watcher) sender.record({ event: 'end', position_s: 0, at_ms: Date.now() });
    else if (!watcher.isOver) watcher.tell({ event: 'end' });
    this.keep();
    const { session, outbox, offsetMs } = sender;
    if (session) sendBeacon(session.session_id, outbox.batch(offsetMs, outbox.size));
  }

  private described(happening: Happening, engine: Engine): Happening {
    if (!CARRY_CMCD.has(happening.event)) return happening;
    const bitrate_bps = engine.stats().bitrateBps;
    // Said once, with the stall itself: a heartbeat that says it again would be another stall.
    const starved = happening.event === 'buffering';
    const sessionId = this.sender.session?.session_id ?? null;
    const stream = { ...engine.stats(), contentId: this.contentId, sessionId, starved };
    const described = { ...happening, cmcd: cmcdOf(stream) };
    return bitrate_bps > 0 ? { ...described, bitrate_bps } : described;
  }
}
