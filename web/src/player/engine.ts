// What plays: hls.js over Media Source Extensions, or the browser's own HLS where there is none.
// Invariant: playback never goes back by itself; a reload continues where it was, paused or not.

import Hls, { type ErrorData, type HlsConfig } from 'hls.js';
import { authorization } from '../lib/session';
import { adoptLevels } from './adopt';
import { CueBox } from './cues';

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
  /** Text tracks on offer have changed, or which one shows. */
  captions?(): void;
  /** Playback cannot go on; `code` is the player's own word for it. */
  failed(message: string, code: string): void;
}

/** What is known of the stream at this moment; 0 is unknown. */
export interface Stats {
  audioOnly: boolean;
  bitrateBps: number;
  topBitrateBps: number;
  throughputBps: number;
  bufferedS: number;
  segmentS: number;
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
  // The lowest quality is there first, and what is loaded is shown; left to itself hls.js fetches
  // its first segment to measure with and throws it away.
  startLevel: 0,
  testBandwidth: false,
  // See cues.ts.
  renderTextTracksNatively: false,
  // Segments come while the element is still being attached.
  startFragPrefetch: true,
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
  /** Captions that hls.js reads. */
  readonly cues: CueBox;
  private url = '';
  private recoveries = 0;
  private held: number | null = null;
  private startAt: Promise<number> | null = null;
  private adopting: Promise<void> | null = null;
  private again = false;

  constructor(
    readonly video: HTMLVideoElement,
    private readonly listener: EngineListener,
  ) {
    this.cues = new CueBox(video);
  }

  /** Where playback is, also while a reload has emptied the element. */
  get position(): number {
    return this.held ?? this.video.currentTime;
  }

  /** True while a reload has emptied the element: what it says then is not the viewer's doing. */
  get reloading(): boolean {
    return this.held !== null;
  }

  /** What is known of the stream now. */
  stats(): Stats {
    const { hls, video } = this;
    const level = hls?.levels[hls.currentLevel];
    const top = Math.max(0, ...(hls?.levels ?? []).map(({ bitrate }) => bitrate));
    const { buffered, currentTime } = video;
    const ahead = [...Array(buffered.length).keys()]
      .filter((i) => buffered.start(i) <= currentTime + 0.1 && buffered.end(i) > currentTime)
      .map((i) => buffered.end(i) - currentTime);
    return {
      audioOnly: video.readyState > 0 && video.videoWidth === 0,
      bitrateBps: level?.bitrate ?? 0,
      topBitrateBps: top,
      throughputBps: hls ? hls.bandwidthEstimate : 0,
      bufferedS: ahead[0] ?? 0,
      segmentS: level?.details?.targetduration ?? 0,
    };
  }

  /** Starts `url` where `at` says; playlists are read while that is not known yet. */
  begin(url: string, at: Promise<number>): void {
    this.startAt = at;
    this.load(url);
  }

  /** Ends it for good. */
  destroy(): void {
    this.hls?.destroy();
    this.hls = null;
    this.video.removeAttribute('src');
    this.video.load();
  }

  /** Starts `url` at `at` seconds. */
  load(url: string, at = 0): void {
    this.url = url;
    if (Hls.isSupported()) this.loadHls(at);
    else if (this.video.canPlayType('application/vnd.apple.mpegurl')) this.loadNative(at);
    else this.fail('This browser can play neither HLS nor Media Source Extensions.', 'unsupported');
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
    const waits = this.startAt;
    this.startAt = null;
    const hls = new Hls({ ...CONFIG, ...measured, startPosition: at, autoStartLoad: !waits });
    this.hls = hls;
    hls.on(Hls.Events.MANIFEST_PARSED, () => this.tell());
    hls.once(Hls.Events.MANIFEST_PARSED, () => {
      void waits?.then((position) => hls === this.hls && hls.startLoad(position));
    });
    this.readCaptions(hls);
    hls.on(Hls.Events.LEVEL_SWITCHED, () => this.tell());
    hls.on(Hls.Events.LEVELS_UPDATED, () => this.tell());
    hls.on(Hls.Events.FRAG_BUFFERED, () => (this.recoveries = 0));
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && this.recover(hls, data));
    hls.attachMedia(this.video);
    hls.loadSource(this.url);
  }

  private readCaptions(hls: Hls): void {
    this.cues.clear();
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => this.listener.captions?.());
    hls.on(Hls.Events.SUBTITLE_TRACK_SWITCH, (_, { id }) => {
      this.cues.track = id;
      this.cues.draw();
      this.listener.captions?.();
    });
    hls.on(Hls.Events.CUES_PARSED, (_, { type, cues, subtitleTrack }) => {
      if (type === 'subtitles' && subtitleTrack) this.cues.add(subtitleTrack.id, cues as VTTCue[]);
    });
  }

  private loadNative(at: number): void {
    const { video } = this;
    const position = this.startAt ?? Promise.resolve(at);
    this.startAt = null;
    video.src = this.url;
    const seek = (): void => void position.then((seconds) => (video.currentTime = seconds));
    video.addEventListener('loadedmetadata', seek, { once: true });
    video.textTracks.addEventListener('addtrack', () => this.listener.captions?.());
    video.onerror = () =>
      this.fail(video.error?.message || 'The stream broke off.', `media-${video.error?.code ?? 0}`);
  }

  private fail(message: string, code: string): void {
    this.listener.failed(message, code);
  }

  private recover(hls: Hls, data: ErrorData): void {
    this.recoveries += 1;
    const network = data.type === Hls.ErrorTypes.NETWORK_ERROR;
    if (this.recoveries <= RECOVERIES_MAX && data.type === Hls.ErrorTypes.MEDIA_ERROR) {
      hls.recoverMediaError();
      return;
    }
    const status = data.response?.code;
    const words = network ? networkWords(status) : `Playback failed (${data.details}).`;
    this.fail(words, data.details);
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
