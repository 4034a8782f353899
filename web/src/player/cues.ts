// The words of captions over the picture. hls.js would let the browser draw them, but behind our
// controls and through a `data:` address that the content security policy forbids.

import { fill, h } from '../lib/dom';

/** Draws the cues of one track at the element's time. */
export class CueBox {
  readonly element = h('div', { class: 'cues', 'aria-hidden': 'true' });
  private readonly tracks = new Map<number, Map<string, VTTCue>>();
  private shown = '';
  /** The track to draw, or -1. */
  track = -1;

  constructor(private readonly video: HTMLVideoElement) {
    for (const name of ['timeupdate', 'seeked']) video.addEventListener(name, () => this.draw());
  }

  /** Takes cues as they are read; the same one may come again with the next segment. */
  add(track: number, cues: readonly VTTCue[]): void {
    const known = this.tracks.get(track) ?? new Map<string, VTTCue>();
    this.tracks.set(track, known);
    for (const cue of cues) known.set(`${cue.startTime} ${cue.endTime} ${cue.text}`, cue);
    this.draw();
  }

  /** Forgets all: another source is loaded. */
  clear(): void {
    this.tracks.clear();
    this.draw();
  }

  /** Draws what is to be read now. */
  draw(): void {
    const { currentTime } = this.video;
    const now = [...(this.tracks.get(this.track)?.entries() ?? [])]
      .filter(([, cue]) => cue.startTime <= currentTime && currentTime < cue.endTime);
    const key = now.map(([name]) => name).join('\n');
    if (key === this.shown) return;
    this.shown = key;
    // getCueAsHTML knows the few tags of WebVTT and makes text of all else.
    const lines = now.map(([, cue]) => {
      const line = h('span');
      line.append(cue.getCueAsHTML());
      return h('p', {}, line);
    });
    fill(this.element, ...lines);
  }
}
