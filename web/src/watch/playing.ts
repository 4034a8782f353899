// Playing a content on the watch page: the player with its playback session. The media is loaded
// and the session is opened at the same time. Viewing comes before counting: when the node has not
// answered within a blink, or cannot, playback starts without it. Only a viewer who watches on as
// many devices as they may is stopped, also when that answer comes late.

import { clock } from '../lib/format';
import { resumePoint } from '../lib/resume';
import type { Content } from '../lib/types';
import { limitPanel, passingNotice } from '../player/notice';
import { Player } from '../player/player';
import { Telemetry } from '../playback/telemetry';
import type { Opened, StreamLimit } from '../playback/types';

/** Longer than this nobody waits for the session. */
const SESSION_WAIT_MS = 300;
/** Longer than this nothing else on the page waits for the first frame. */
const FRAME_WAIT_MS = 600;
/** A late answer offers to resume only while the viewer is still at the beginning. */
const LATE_OFFER_UNTIL_S = 60;
/** Nearer than this it is where the viewer is anyway. */
const OFFER_APART_S = 10;

/** One content that plays. */
export class Playing {
  readonly player: Player;
  /** Something is shown, or it takes its time: what is not needed for that may go on. */
  readonly shown: Promise<void>;
  private readonly telemetry: Telemetry;
  private decided = false;
  private decide: (position: number) => void = () => undefined;

  /**
   * Starts `url`. `since` is the click or navigation that asked for it, on the clock of
   * `performance`; `again` is called when the viewer wants another try after the limit.
   */
  constructor(
    private readonly content: Content,
    url: string,
    since: number,
    private readonly again: () => void,
  ) {
    this.telemetry = new Telemetry(content.id, {
      opened: (opened) => this.opened(opened),
      limited: (limit) => this.limited(limit),
    });
    this.player = new Player(content, {
      heldBack: () => this.telemetry.heldBack(),
      failed: (code, message) => this.telemetry.failed(code, message),
    });
    this.telemetry.watch(this.player.engine, since);
    this.shown = new Promise((resolve) => {
      this.player.video.addEventListener('loadeddata', () => resolve(), { once: true });
      setTimeout(resolve, FRAME_WAIT_MS);
    });
    const at = new Promise<number>((resolve) => (this.decide = resolve));
    this.player.start(url, at);
    setTimeout(() => this.begin(0), SESSION_WAIT_MS);
  }

  /** What the session knows of itself, for tests. */
  state(): Record<string, unknown> {
    const { session, outbox } = this.telemetry.sender;
    return {
      session_id: session?.session_id ?? null,
      unsent: outbox.size,
      dropped: outbox.dropped,
    };
  }

  /** Ends playback and its session for good. */
  destroy(): void {
    this.telemetry.close();
    this.player.destroy();
  }

  private opened(opened: Opened): void {
    const duration = this.content.duration_s;
    const point = resumePoint(opened.resume_position_s, duration);
    if (!this.decided) {
      this.begin(point ?? 0);
      if (point !== null) this.tellResumed(point);
    } else if (point !== null) this.offer(point);
  }

  private begin(position: number): void {
    if (this.decided) return;
    this.decided = true;
    this.decide(position);
  }

  private tellResumed(point: number): void {
    const { player } = this;
    const words = `Resumed at ${clock(point)}`;
    player.overlay(passingNotice(words, 'Start over', () => player.seekTo(0)));
  }

  /** The answer was late, or it is another session: what plays is left alone. */
  private offer(point: number): void {
    const { player } = this;
    const { position } = player.engine;
    if (position > LATE_OFFER_UNTIL_S || Math.abs(point - position) < OFFER_APART_S) {
      return;
    }
    const words = `You stopped at ${clock(point)}`;
    player.overlay(passingNotice(words, 'Resume', () => player.seekTo(point)));
  }

  private limited(limit: StreamLimit): void {
    this.decided = true;
    const { player } = this;
    player.halt();
    player.overlay(limitPanel(limit, this.again));
  }
}
