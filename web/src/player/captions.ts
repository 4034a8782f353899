// Captions: the text tracks of the stream, one of them or none shown. Which language was chosen is
// kept for the next content.

import type { Engine } from './engine';
import type { Choice } from './menu';

const KEY = 'playhouse.captions';

interface Track {
  label: string;
  language: string;
  shown: boolean;
  show(on: boolean): void;
}

/** The captions of one player. */
export class Captions {
  private wanted = stored();

  constructor(private readonly engine: Engine) {}

  /** True when the stream has any. */
  get exist(): boolean {
    return this.tracks().length > 0;
  }

  /** True while some are shown. */
  get shown(): boolean {
    return this.tracks().some((track) => track.shown);
  }

  /** Shows the language that was chosen before, if the stream has it. */
  restore(): void {
    const track = this.tracks().find(({ language }) => language === this.wanted);
    if (track && !track.shown) track.show(true);
  }

  /** On with the last language, or off; says which it is now. */
  toggle(): string {
    const tracks = this.tracks();
    const on = tracks.find((track) => track.shown);
    const next = on ? null : (tracks.find((t) => t.language === this.wanted) ?? tracks[0] ?? null);
    this.choose(next, tracks);
    return next ? `Captions: ${next.label}` : 'Captions off';
  }

  /** What the menu offers. */
  choices(): Choice[] {
    const tracks = this.tracks();
    const off = { label: 'Off', chosen: !this.shown, pick: () => this.choose(null, tracks) };
    return [off, ...tracks.map((track) => ({
      label: track.label,
      chosen: track.shown,
      pick: () => this.choose(track, tracks),
    }))];
  }

  private choose(chosen: Track | null, tracks: Track[]): void {
    for (const track of tracks) if (track !== chosen && track.shown) track.show(false);
    chosen?.show(true);
    if (chosen) this.wanted = chosen.language;
    store(chosen?.language ?? '');
  }

  private tracks(): Track[] {
    const { hls, video } = this.engine;
    if (!hls) return [...video.textTracks].filter(isCaption).map(nativeTrack);
    return hls.subtitleTracks.map((track, index) => ({
      label: track.name || languageName(track.lang) || `Track ${index + 1}`,
      language: track.lang ?? '',
      shown: hls.subtitleTrack === index,
      show: (on) => (hls.subtitleTrack = on ? index : -1),
    }));
  }
}

function isCaption({ kind }: TextTrack): boolean {
  return kind === 'subtitles' || kind === 'captions';
}

function nativeTrack(track: TextTrack, index: number): Track {
  return {
    label: track.label || languageName(track.language) || `Track ${index + 1}`,
    language: track.language,
    shown: track.mode === 'showing',
    show: (on) => (track.mode = on ? 'showing' : 'disabled'),
  };
}

function languageName(tag: string | undefined): string | undefined {
  try {
    return tag ? new Intl.DisplayNames(['en'], { type: 'language' }).of(tag) : undefined;
  } catch {
    return tag;
  }
}

function stored(): string {
  try {
    return localStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

function store(language: string): void {
  try {
    if (language) localStorage.setItem(KEY, language);
    else localStorage.removeItem(KEY);
  } catch {
    // It is only a comfort.
  }
}
