// Turns what the media element does into events of a session. It only listens: it never calls a
// method of the element, so nothing here can disturb playback.

import type { Happening } from './types';

/** What plays. */
export interface Source {
  readonly video: HTMLVideoElement;
  /** Where playback is, also while a reload has emptied the element. */
  readonly position: number;
  /** The engine loads anew at the same place: what the element says then is not the viewer's. */
  readonly reloading: boolean;
}

/** Shorter waits are the element's breath at a segment's edge, which nobody sees. */
const STALL_MIN_MS = 150;
/** A seek ends where the element is; its last place is known to a `timeupdate`. */
const TRACK_MAX_S = 0.4;

type Draft = Omit<Happening, 'at_ms' | 'position_s'> & Partial<Happening>;

/** Listens to one element until `stop`. */
export class Watcher {
  private awaiting = false;
  private began = false;
  private playing = false;
  private over = false;
  private stalledAt: number | null = null;
  private stallTimer = 0;
  private stallTold = false;
  private seekFrom: number | null = null;
  private last = { position: 0, at: 0 };
  private wasHidden = document.hidden;
  private readonly ears = new AbortController();

  /** `since` is the click or navigation that asked for it, on the clock of `performance`. */
  constructor(
    private readonly source: Source,
    private readonly record: (happening: Happening) => void,
    private since: number,
  ) {
    const { video } = source;
    this.hear(video, 'playing', () => this.onPlaying());
    this.hear(video, 'play', () => this.onPlay());
    this.hear(video, 'pause', () => this.onPause());
    this.hear(video, 'waiting', () => this.onWaiting());
    this.hear(video, 'seeking', () => this.onSeeking());
    this.hear(video, 'seeked', () => this.onSeeked());
    this.hear(video, 'timeupdate', () => this.onTime());
    this.hear(video, 'ratechange', () => this.began && this.tell({ event: 'heartbeat' }));
    this.hear(video, 'ended', () => this.onEnded());
    this.hear(document, 'visibilitychange', () => (this.wasHidden ||= document.hidden));
  }

  /** True while frames are shown. */
  get isPlaying(): boolean {
    return this.playing && this.stalledAt === null;
  }

  /** True between the first frame and the end. */
  get isOpen(): boolean {
    return this.began && !this.over;
  }

  /** True once the end was told, until it plays again. */
  get isOver(): boolean {
    return this.over;
  }

  stop(): void {
    clearTimeout(this.stallTimer);
    this.ears.abort();
  }

  /** Adds an event at this moment. */
  tell(draft: Draft): void {
    const { source } = this;
    const rate = source.video.playbackRate;
    const happening: Happening = {
      position_s: round(source.position),
      at_ms: Date.now(),
      ...(draft.event === 'heartbeat' ? { playing: this.isPlaying } : {}),
      ...(rate === 1 ? {} : { rate }),
      ...draft,
    };
    this.record(happening);
  }

  private hear(target: EventTarget, name: string, act: () => void): void {
    const heard = (): void => {
      if (!this.source.reloading) act();
    };
    target.addEventListener(name, heard, { signal: this.ears.signal });
  }

  /** The start waits for the viewer's own press: the time until the first frame counts from it. */
  awaitViewer(): void {
    this.awaiting = !this.began;
  }

  private onPlay(): void {
    if (this.awaiting) this.since = performance.now();
    this.awaiting = false;
  }

  private onPlaying(): void {
    if (!this.began) return this.onFirst();
    const stall = this.endStall();
    const resumed = !this.playing || this.over;
    this.playing = true;
    this.over = false;
    if (stall !== null) this.tell({ event: 'play', stall_s: stall });
    else if (resumed) this.tell({ event: 'play' });
  }

  private onFirst(): void {
    this.began = true;
    this.playing = true;
    this.endStall();
    const { video } = this.source;
    const show = (): void => {
      const seconds = (performance.now() - this.since) / 1000;
      // A hidden page shows nothing and is not in a hurry.
      const startup = this.wasHidden ? {} : { startup_s: Math.round(seconds * 1000) / 1000 };
      this.tell({ event: 'start', ...startup });
    };
    // Sound alone has no frame, and a hidden page draws none.
    const frames = video.videoWidth > 0 && !document.hidden;
    if (frames && 'requestVideoFrameCallback' in video) video.requestVideoFrameCallback(show);
    else show();
  }

  private onPause(): void {
    const { video } = this.source;
    if (!this.playing || video.ended) return;
    this.endStall();
    this.playing = false;
    this.tell({ event: 'pause' });
  }

  private onWaiting(): void {
    const { video } = this.source;
    // The wait of a start or of a seek is told with those.
    if (!this.playing || video.seeking || this.stalledAt !== null) return;
    this.stalledAt = Date.now();
    const at_ms = this.stalledAt;
    this.stallTimer = window.setTimeout(() => {
      this.stallTold = true;
      this.tell({ event: 'buffering', at_ms });
    }, STALL_MIN_MS);
  }

  /** The seconds of a stall that was told; null when there was none. */
  private endStall(): number | null {
    clearTimeout(this.stallTimer);
    const told = this.stallTold && this.stalledAt !== null;
    const seconds = told ? Math.max(0, Date.now() - (this.stalledAt ?? 0)) / 1000 : null;
    this.stalledAt = null;
    this.stallTold = false;
    return seconds;
  }

  private onTime(): void {
    const { video } = this.source;
    if (video.seeking || this.seekFrom !== null) return;
    this.last = { position: video.currentTime, at: performance.now() };
  }

  private onSeeking(): void {
    if (this.seekFrom !== null || !this.began) return;
    const { video } = this.source;
    const passed = this.isPlaying ? (performance.now() - this.last.at) / 1000 : 0;
    this.seekFrom = this.last.position + Math.min(TRACK_MAX_S, passed) * video.playbackRate;
  }

  /** A drag over the bar is one seek: from where it began to where it ends. */
  private onSeeked(): void {
    const from = this.seekFrom;
    this.seekFrom = null;
    this.onTime();
    if (from === null) return;
    this.tell({ event: 'seek', from_position_s: round(from) });
  }

  private onEnded(): void {
    if (this.over) return;
    this.endStall();
    this.playing = false;
    this.over = true;
    this.tell({ event: 'end' });
  }
}

function round(seconds: number): number {
  return Number.isFinite(seconds) ? Math.max(0, Math.round(seconds * 1000) / 1000) : 0;
}
