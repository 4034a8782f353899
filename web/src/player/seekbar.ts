// The seek bar: a slider with what is buffered, what exists so far, and a preview under the
// pointer or where a key has gone.

import { h } from '../lib/dom';
import { clock, spokenTime } from '../lib/format';
import { tileAt } from '../lib/storyboard';
import type { Storyboard } from '../lib/types';

const FLASH_MS = 900;

/** What the bar shows. */
export interface SeekState {
  position: number;
  duration: number;
  /** How far the source exists; shorter than the duration while it is being made. */
  available: number;
  buffered: TimeRanges;
}

/** The slider; `seek` is called with seconds. */
export class SeekBar {
  readonly element: HTMLElement;
  storyboard: Storyboard | null = null;
  private readonly played = h('div', { class: 'seek-played' });
  private readonly missing = h('div', { class: 'seek-missing' });
  private readonly ranges = h('div', { class: 'seek-ranges' });
  private readonly time = h('span', { class: 'seek-time' });
  private readonly tile = h('div', { class: 'seek-tile', hidden: true });
  private readonly preview: HTMLElement;
  private readonly track: HTMLElement;
  private duration = 0;
  private dragging: number | null = null;
  private flashing = 0;

  constructor(private readonly seek: (seconds: number) => void) {
    this.preview = h('div', { class: 'seek-preview', hidden: true }, this.tile, this.time);
    this.track = h('div', { class: 'seek-track' }, this.ranges, this.missing, this.played);
    this.element = h(
      'div',
      { class: 'seek', role: 'slider', tabindex: 0, 'aria-label': 'Seek', 'aria-valuemin': 0 },
      this.track,
      this.preview,
    );
    this.listen();
  }

  /** Draws the state. */
  show(state: SeekState): void {
    this.duration = state.duration;
    const position = this.dragging ?? state.position;
    const share = (seconds: number): string =>
      `${state.duration > 0 ? Math.min(100, (seconds / state.duration) * 100) : 0}%`;
    this.played.style.width = share(position);
    this.missing.style.left = share(state.available);
    this.missing.hidden = state.available >= state.duration - 0.5;
    this.showRanges(state.buffered, share);
    this.element.setAttribute('aria-valuemax', String(Math.floor(state.duration)));
    this.element.setAttribute('aria-valuenow', String(Math.floor(position)));
    const spoken = `${spokenTime(position)} of ${spokenTime(state.duration)}`;
    this.element.setAttribute('aria-valuetext', spoken);
  }

  /** Shows the preview of a time for a moment: where a key has gone. */
  flash(seconds: number): void {
    if (this.duration <= 0) return;
    this.showPreview(Math.min(this.duration, Math.max(0, seconds)));
    clearTimeout(this.flashing);
    this.flashing = window.setTimeout(() => (this.preview.hidden = true), FLASH_MS);
  }

  private showRanges(buffered: TimeRanges, share: (seconds: number) => string): void {
    while (this.ranges.childElementCount > buffered.length) this.ranges.lastElementChild?.remove();
    while (this.ranges.childElementCount < buffered.length) this.ranges.append(h('i'));
    for (let i = 0; i < buffered.length; i += 1) {
      const range = this.ranges.children[i] as HTMLElement;
      range.style.left = share(buffered.start(i));
      range.style.width = share(buffered.end(i) - buffered.start(i));
    }
  }

  private listen(): void {
    const { element } = this;
    element.addEventListener('pointerdown', (event) => {
      if (event.button !== 0) return;
      element.setPointerCapture(event.pointerId);
      this.dragging = this.secondsAt(event);
      this.showPreview(this.dragging);
    });
    element.addEventListener('pointermove', (event) => {
      const seconds = this.secondsAt(event);
      if (this.dragging !== null) this.dragging = seconds;
      clearTimeout(this.flashing);
      this.showPreview(seconds);
    });
    element.addEventListener('pointerup', () => {
      if (this.dragging === null) return;
      this.seek(this.dragging);
      this.dragging = null;
      this.preview.hidden = true;
    });
    element.addEventListener('pointercancel', () => (this.dragging = null));
    element.addEventListener('pointerleave', () => (this.preview.hidden = true));
  }

  private secondsAt(event: PointerEvent): number {
    const box = this.track.getBoundingClientRect();
    const share = box.width > 0 ? (event.clientX - box.left) / box.width : 0;
    return Math.min(1, Math.max(0, share)) * this.duration;
  }

  private showPreview(seconds: number): void {
    if (this.duration <= 0) return;
    this.time.textContent = clock(seconds);
    this.showTile(seconds);
    this.preview.hidden = false;
    const box = this.track.getBoundingClientRect();
    const half = this.preview.offsetWidth / 2;
    const at = (seconds / this.duration) * box.width;
    const x = Math.min(box.width - half, Math.max(half, at));
    this.preview.style.left = `${x}px`;
  }

  private showTile(seconds: number): void {
    const board = this.storyboard;
    this.tile.hidden = !board;
    if (!board) return;
    const { x, y } = tileAt(board, seconds);
    const { style } = this.tile;
    style.width = `${board.tile_width}px`;
    style.height = `${board.tile_height}px`;
    style.backgroundImage = `url("${encodeURI(board.url)}")`;
    style.backgroundPosition = `-${x}px -${y}px`;
  }
}
