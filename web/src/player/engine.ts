// What plays: hls.js over Media Source Extensions, or the browser's own HLS where there is none.
// Invariant: playback never goes back by itself; a reload continues where it was, paused or not.

import Hls, { type ErrorData, type HlsConfig } from 'hls.js';
import { authorization } from '../lib/session';
import { adoptLevels } from './adopt';

/** One quality on offer. */
export interface Quality {
  index: number;
  width: number;
  height: number;
  bitrate: number;
}

/** What the engine tells. */
export interface EngineListener {
  /** Qualities, the one that plays, and the one that was chosen (-1 is automatic). */
  qualities(all: Quality[], playing: number, chosen: number): void;
  /** Playback cannot go on. */
  failed(message: string): void;
}

const CONFIG: Partial<HlsConfig> = {
  startPosition: 0,
  // A worker would come from a blob: address, which the content security policy forbids; fMP4
  // needs no remuxing, so nothing is lost.
  enableWorker: false,
  backBufferLength: 60,
  maxBufferLength: 30,
  // A first guess of the connection, until the first segment has measured it.
  abrEwmaDefaultEstimate: 2_000_000,
  xhrSetup: (xhr, url) => {
    for (const [name, value] of Object.entries(authorization(url))) {
      xhr.setRequestHeader(name, value);
    }
  },
};

const RECOVERIES_MAX = 3;

/** Plays one source on one element. */
export class Engine {
  hls: Hls | null = null;
  /** How often new renditions were taken up, and how. */
  readonly adoptions: string[] = [];
  private url = '';
  private recoveries = 0;
  private held: number | null = null;
  private adopting: Promise<void> | null = null;
  private again = false;

  constructor(
    readonly video: HTMLVideoElement,
    private readonly listener: EngineListener,
  ) {}

  /** Where playback is, also while a reload has emptied the element. */
  get position(): number {
    return this.held ?? this.video.currentTime;
  }

  /** Starts `url` at `at` seconds. */
  load(url: string, at = 0): void {
    this.url = url;
    if (Hls.isSupported()) this.loadHls(at);
    else if (this.video.canPlayType('application/vnd.apple.mpegurl')) this.loadNative(at);
    else this.listener.failed('This browser can play neither HLS nor Media Source Extensions.');
  }

  /** Starts the same source again where it stopped. */
  retry(): void {
    this.recoveries = 0;
    this.reload();
  }

  /** Reads the multivariant playlist again and takes up what is new. */
  takeUpNew(): void {
    if (this.adopting) {
      this.again = true;
      return;
    }
    this.adopting = this.adopt().finally(() => {
      this.adopting = null;
      if (this.again) {
        this.again = false;
        this.takeUpNew();
      }
    });
  }

  /** Plays quality `index` from the next segment on; -1 lets the engine choose. */
  choose(index: number): void {
    if (!this.hls) return;
    this.hls.nextLevel = index;
    this.tell();
  }

  private async adopt(): Promise<void> {
    const { hls, url } = this;
    if (!hls) {
      // The browser's own HLS reads a multivariant playlist only once, too.
      this.reload();
      this.adoptions.push('reload');
      return;
    }
    const outcome = await adoptLevels(hls, url, CONFIG).catch(() => null);
    // A failed look changes nothing: what plays goes on, and the next event looks again.
    if (outcome === null || outcome === 'nothing new' || hls !== this.hls) return;
    this.adoptions.push(outcome);
    if (outcome === 'reload') this.reload();
    else this.climb(hls);
    this.tell();
  }

  /** Replaces what lies buffered ahead when the connection allows a better quality. */
  private climb(hls: Hls): void {
    const playing = Math.max(hls.currentLevel, 0);
    if (hls.autoLevelEnabled && hls.nextAutoLevel > playing) hls.nextLevel = -1;
  }

  private reload(): void {
    const { video } = this;
    const at = this.position;
    const resume = !video.paused && !video.ended;
    const unfreeze = freeze(video);
    this.held = at;
    const done = (): void => {
      this.held = null;
      unfreeze();
    };
    video.addEventListener('loadeddata', done, { once: true });
    this.load(this.url, at);
    if (resume) void video.play().catch(() => undefined);
  }

  private loadHls(at: number): void {
    // What the connection was measured at outlives a reload.
    const measured = this.hls && { abrEwmaDefaultEstimate: this.hls.bandwidthEstimate };
    this.hls?.destroy();
    const hls = new Hls({ ...CONFIG, ...measured, startPosition: at });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.tell());
    hls.on(Hls.Events.LEVEL_SWITCHED, () => this.tell());
    hls.on(Hls.Events.LEVELS_UPDATED, () => this.tell());
    hls.on(Hls.Events.FRAG_BUFFERED, () => (this.recoveries = 0));
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && this.recover(hls, data));
    hls.loadSource(this.url);
    hls.attachMedia(this.video);
  }

  private loadNative(at: number): void {
    const { video } = this;
    video.src = this.url;
    video.addEventListener('loadedmetadata', () => (video.currentTime = at), { once: true });
    video.onerror = () => this.listener.failed(video.error?.message || 'The stream broke off.');
  }

  private recover(hls: Hls, data: ErrorData): void {
    this.recoveries += 1;
    const network = data.type === Hls.ErrorTypes.NETWORK_ERROR;
    if (this.recoveries <= RECOVERIES_MAX && data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      hls.recoverMediaError();
      return;
    }
    const status = data.response?.code;
    this.listener.failed(network ? networkWords(status) : `Playback failed (${data.details}).`);
  }

  private tell(): void {
    const { hls } = this;
    if (!hls) return;
    const all = hls.levels.map(({ width, height, bitrate }, index) => ({
      index,
      width,
      height,
      bitrate,
    }));
    const chosen = hls.autoLevelEnabled ? -1 : hls.loadLevel;
    this.listener.qualities(all, hls.currentLevel, chosen);
  }
}

function networkWords(status: number | undefined): string {
  if (status === 401 || status === 403) return 'You are not allowed to play this.';
  if (status === 404) return 'The media is not there any more.';
  if (status) return `The server answered with status ${status}.`;
  return 'The connection was lost.';
}

/** Covers the element with its last picture; the returned function takes the cover away. */
function freeze(video: HTMLVideoElement): () => void {
  const cover = document.createElement('canvas');
  cover.className = 'player-freeze';
  cover.width = video.videoWidth;
  cover.height = video.videoHeight;
  if (!cover.width || !cover.height) return () => undefined;
  cover.getContext('2d')?.drawImage(video, 0, 0);
  video.after(cover);
  return () => cover.remove();
}
