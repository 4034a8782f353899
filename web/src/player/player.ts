// The player: the engine with its controls. Its element holds everything, so that full screen
// shows the controls too.

import { fill, h, icon, setText, type IconName } from '../lib/dom';
import { clock } from '../lib/format';
import { actionFor, stepSpeed, type Action, type Focus } from '../lib/keys';
import { qualityName } from '../lib/renditions';
import type { Content } from '../lib/types';
import { Captions } from './captions';
import { qualityGroup, speedGroup, type Ladder } from './choices';
import { Engine } from './engine';
import { toggleHelp } from './help';
import { Menu, type Group } from './menu';
import { SeekBar } from './seekbar';

const IDLE_MS = 2600;
const VOLUME_KEY = 'playhouse.volume';

/** Who hears of what the viewer cannot change. */
export interface PlayerListener {
  /** The browser waits for the viewer to press play. */
  heldBack(): void;
  /** Playback broke. */
  failed(code: string, message: string): void;
}

/** One player on the page. */
export class Player {
  readonly video = h('video', { playsinline: true, preload: 'auto', tabindex: -1 });
  readonly engine: Engine;
  readonly element: HTMLElement;
  private readonly seekBar = new SeekBar((seconds) => this.seekTo(seconds));
  private readonly settings = new Menu('Settings', 'settings', () => this.groups());
  private readonly playButton = button('Play', 'play', () => this.toggle());
  private readonly bigButton = button('Play', 'play', () => this.toggle(), 'player-big');
  private readonly muteButton = button('Mute', 'volume', () => this.mute());
  private readonly pipButton = button('Picture in picture', 'pip', () => void this.pip(),
    'pip');
  private readonly fullButton = button('Full screen', 'fullscreen', () => void this.fullscreen());
  private readonly volume = h('input', { type: 'range', min: 0, max: 1, step: 0.05,
    class: 'volume', 'aria-label': 'Volume' });
  private readonly time = h('div', { class: 'player-time' });
  private readonly spinner = h('div', { class: 'player-spinner', hidden: true });
  private readonly poster = h('div', { class: 'player-poster' });
  private readonly message = h('div', { class: 'player-message', role: 'alert', hidden: true });
  private readonly said = h('div', { class: 'visually-hidden', 'aria-live': 'polite' });
  private readonly captions: Captions;
  private readonly captionsMenu = new Menu('Captions', 'captions', () => [
    { title: 'Captions', choices: this.captions.choices() },
  ]);
  private readonly ears = new AbortController();
  private ladder: Ladder = { all: [], playing: -1, chosen: -1 };
  private started = false;
  private idle = 0;

  constructor(
    private content: Content,
    private readonly listener: PlayerListener,
  ) {
    this.engine = new Engine(this.video, {
      qualities: (all, playing, chosen) => this.showQualities({ all, playing, chosen }),
      captions: () => this.showCaptions(),
      failed: (message, code) => this.fail(message, code),
    });
    this.captions = new Captions(this.engine);
    this.element = this.assemble();
    this.restoreVolume();
    this.listen();
    this.update(content);
    this.showCaptions();
    this.draw();
  }

  /** Loads the stream, and plays it where `at` says; sound may be refused until the viewer acts. */
  start(url: string, at: Promise<number>): void {
    this.engine.begin(url, at);
    void at.then(() => this.playUnasked());
  }

  /** Ends it for good and takes it off the page. */
  destroy(): void {
    this.halt();
    clearTimeout(this.idle);
    this.element.remove();
  }

  /** Stops for good; the element stays, for words over it. */
  halt(): void {
    this.ears.abort();
    this.video.pause();
    this.engine.destroy();
    this.element.classList.add('is-halted');
    this.draw();
  }

  /** Shows something over the picture. */
  overlay(element: HTMLElement): void {
    // Below the controls, so that it never hides the seek bar's preview.
    this.spinner.after(element);
  }

  private playUnasked(): void {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const held = (): void => {
      this.listener.heldBack();
      this.draw();
    };
    if (still) held();
    else void this.video.play().catch(held);
  }

  /** Takes the newest description of the content. */
  update(content: Content): void {
    this.content = content;
    this.seekBar.storyboard = content.storyboard;
    this.element.classList.toggle('is-audio', content.kind === 'audio');
    this.element.setAttribute('aria-label', `Player: ${content.title || 'untitled'}`);
    const picture = content.thumbnails[0]?.url;
    this.poster.style.backgroundImage = picture ? `url("${encodeURI(picture)}")` : '';
    const art = h('div', { class: 'player-art' }, icon('note'), h('strong', {}, content.title));
    fill(this.poster, content.kind === 'audio' ? art : null);
    this.settings.refresh();
  }

  private assemble(): HTMLElement {
    const controls = h(
      'div',
      { class: 'player-controls' },
      this.seekBar.element,
      h(
        'div',
        { class: 'player-row' },
        this.playButton,
        h('div', { class: 'volume-holder' }, this.muteButton, this.volume),
        this.time,
        h('span', { class: 'grow' }),
        this.captionsMenu.element,
        this.settings.element,
        'pictureInPictureEnabled' in document ? this.pipButton : null,
        this.fullButton,
      ),
    );
    const parts = [this.video, this.poster, this.engine.cues.element, this.spinner,
      this.bigButton, this.message, controls];
    return h('div', { class: 'player', role: 'region', tabindex: -1 }, ...parts, this.said);
  }

  private listen(): void {
    const { video } = this;
    const drawn = ['play', 'pause', 'ended', 'timeupdate', 'progress', 'durationchange', 'seeked'];
    for (const name of drawn) video.addEventListener(name, () => this.draw());
    for (const name of ['waiting', 'stalled', 'seeking', 'playing', 'canplay', 'seeked', 'pause']) {
      video.addEventListener(name, () => this.drawSpinner());
    }
    video.addEventListener('playing', () => this.begin());
    video.addEventListener('volumechange', () => this.drawVolume());
    video.addEventListener('click', () => this.toggle());
    video.addEventListener('dblclick', () => void this.fullscreen());
    this.poster.addEventListener('click', () => this.toggle());
    this.volume.addEventListener('input', () => this.setVolume(Number(this.volume.value)));
    const { signal } = this.ears;
    document.addEventListener('fullscreenchange', () => this.draw(), { signal });
    document.addEventListener('keydown', (event) => this.key(event), { signal });
    for (const name of ['pointermove', 'pointerdown', 'focusin', 'keydown']) {
      this.element.addEventListener(name, () => this.wake());
    }
  }

  private begin(): void {
    this.started = true;
    this.message.hidden = true;
    this.wake();
    this.draw();
  }

  /** Shows the controls, and hides them again when nothing moves while it plays. */
  private wake(): void {
    this.element.classList.remove('is-idle');
    clearTimeout(this.idle);
    this.idle = window.setTimeout(() => {
      const open = this.settings.isOpen || this.captionsMenu.isOpen;
      const quiet = !this.video.paused && !open && this.content.kind !== 'audio';
      this.element.classList.toggle('is-idle', quiet);
    }, IDLE_MS);
  }

  private toggle(): void {
    const { video } = this;
    if (!video.paused && !video.ended) return video.pause();
    void video.play().catch(() => this.draw());
  }

  /** Goes to a time, as far as it exists yet. */
  seekTo(seconds: number): void {
    const { seekable } = this.video;
    const last = seekable.length > 0 ? seekable.end(seekable.length - 1) : this.duration();
    // What is not made yet cannot be sought to; a little before its edge plays at once.
    const limit = last < this.duration() - 0.5 ? Math.max(0, last - 1) : last;
    this.video.currentTime = Math.min(limit, Math.max(0, seconds));
    this.draw();
  }

  private jump(seconds: number): void {
    this.seekTo(seconds);
    this.seekBar.flash(this.video.currentTime);
  }

  private setVolume(volume: number): void {
    this.video.volume = Math.min(1, Math.max(0, volume));
    this.video.muted = this.video.volume === 0;
  }

  private mute(): void {
    this.video.muted = !this.video.muted;
    if (!this.video.muted && this.video.volume === 0) this.video.volume = 0.5;
  }

  private setSpeed(speed: number): void {
    this.video.playbackRate = speed;
    setText(this.said, `Speed ${speed}`);
    this.draw();
  }

  private async pip(): Promise<void> {
    const inside = document.pictureInPictureElement === this.video;
    await (inside ? document.exitPictureInPicture() : this.video.requestPictureInPicture()).catch(
      () => setText(this.said, 'Picture in picture is not possible now'),
    );
  }

  private async fullscreen(): Promise<void> {
    const old = this.video as HTMLVideoElement & { webkitEnterFullscreen?: () => void };
    if (document.fullscreenElement) return document.exitFullscreen();
    // iPhones know only full screen of the element that plays.
    if (!this.element.requestFullscreen) return old.webkitEnterFullscreen?.();
    return this.element.requestFullscreen().catch(() => undefined);
  }

  private key(event: KeyboardEvent): void {
    const action = actionFor(event, focusOf(event.target));
    if (!action) return;
    event.preventDefault();
    this.act(action);
    this.wake();
  }

  private act(action: Action): void {
    const { video } = this;
    switch (action.do) {
      case 'toggle':
        return this.toggle();
      case 'mute':
        return this.mute();
      case 'fullscreen':
        return void this.fullscreen();
      case 'captions':
        return this.toggleCaptions();
      case 'help':
        return toggleHelp();
      case 'seekBy':
        return this.jump(this.engine.position + action.seconds);
      case 'seekTo':
        return this.jump(action.fraction * this.duration());
      case 'volumeBy':
        return this.setVolume((video.muted ? 0 : video.volume) + action.amount);
      case 'speedBy':
        return this.setSpeed(stepSpeed(video.playbackRate, action.steps));
    }
  }

  /** The whole length: the content's while it grows, else what the browser measured. */
  private duration(): number {
    const measured = Number.isFinite(this.video.duration) ? this.video.duration : 0;
    return Math.max(measured, this.content.duration_s ?? 0);
  }

  private draw(): void {
    const { video } = this;
    const playing = !video.paused && !video.ended;
    const label = video.ended ? 'Play again' : playing ? 'Pause' : 'Play';
    const image: IconName = video.ended ? 'replay' : playing ? 'pause' : 'play';
    relabel(this.playButton, label, image);
    relabel(this.bigButton, label, video.ended ? 'replay' : 'play');
    relabel(this.fullButton, document.fullscreenElement ? 'Leave full screen' : 'Full screen',
      document.fullscreenElement ? 'shrink' : 'fullscreen');
    this.bigButton.hidden = playing || !this.message.hidden || !this.engine.hls && !video.src;
    this.element.classList.toggle('is-paused', !playing);
    this.poster.hidden = this.started && this.content.kind !== 'audio';
    const duration = this.duration();
    const { seekable } = video;
    const available = seekable.length > 0 ? seekable.end(seekable.length - 1) : duration;
    const position = Math.min(this.engine.position, duration || Infinity);
    this.seekBar.show({ position, duration, available, buffered: video.buffered });
    setText(this.time, `${clock(position)} / ${clock(duration)}`);
    this.drawSpinner();
  }

  private drawSpinner(): void {
    const { video } = this;
    const wants = video.seeking || (!video.paused && !video.ended);
    const lacks = video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
    this.spinner.hidden = !(wants && lacks) || !this.message.hidden;
  }

  private drawVolume(): void {
    const { video } = this;
    const silent = video.muted || video.volume === 0;
    relabel(this.muteButton, silent ? 'Unmute' : 'Mute', silent ? 'muted' : 'volume');
    this.volume.value = String(silent ? 0 : video.volume);
    this.volume.style.setProperty('--at', `${Number(this.volume.value) * 100}%`);
    try {
      localStorage.setItem(VOLUME_KEY, JSON.stringify({ at: video.volume, muted: video.muted }));
    } catch {
      // It is only a comfort.
    }
  }

  private restoreVolume(): void {
    try {
      const stored = JSON.parse(localStorage.getItem(VOLUME_KEY) ?? 'null') as
        { at: number; muted: boolean } | null;
      if (stored) Object.assign(this.video, { volume: stored.at, muted: stored.muted });
    } catch {
      // Unreadable is as good as absent.
    }
    this.drawVolume();
  }

  private showQualities(ladder: Ladder): void {
    const before = this.ladder.all.length;
    this.ladder = ladder;
    const best = ladder.all[ladder.all.length - 1];
    if (before > 0 && best && ladder.all.length > before) {
      setText(this.said, `${qualityName(best, this.content.renditions)} is available now`);
    }
    this.settings.refresh();
  }

  private showCaptions(): void {
    this.captions.restore();
    this.captionsMenu.element.hidden = !this.captions.exist;
    this.captionsMenu.element.classList.toggle('is-on', this.captions.shown);
    this.captionsMenu.refresh();
  }

  private toggleCaptions(): void {
    if (!this.captions.exist) return setText(this.said, 'There are no captions');
    setText(this.said, this.captions.toggle());
    this.showCaptions();
  }

  private groups(): Group[] {
    const choose = (index: number): void => this.engine.choose(index);
    const qualities = qualityGroup(this.ladder, this.content.renditions, choose);
    const speeds = speedGroup(this.video.playbackRate, (speed) => this.setSpeed(speed));
    return [...qualities, speeds];
  }

  private fail(message: string, code: string): void {
    this.listener.failed(code, message);
    const retry = h('button', { type: 'button', class: 'button' }, 'Try again');
    retry.addEventListener('click', () => {
      this.message.hidden = true;
      this.engine.retry();
      void this.video.play().catch(() => this.draw());
    });
    fill(this.message, icon('alert'), h('p', {}, message), retry);
    this.message.hidden = false;
    this.draw();
  }
}

function button(label: string, image: IconName, press: () => void, extra = ''): HTMLButtonElement {
  const made = h('button', { type: 'button', class: `control ${extra}`.trim(), onclick: press });
  relabel(made, label, image);
  return made;
}

/** Changes label and icon only when they differ, so that a press in progress is not lost. */
function relabel(target: HTMLButtonElement, label: string, image: IconName): void {
  if (target.dataset.image === image && target.title === label) return;
  target.dataset.image = image;
  target.title = label;
  target.setAttribute('aria-label', label);
  fill(target, icon(image));
}

function focusOf(target: EventTarget | null): Focus {
  if (!(target instanceof HTMLElement)) return 'page';
  if (target.closest('[role="menu"]')) return 'menu';
  if (target.closest('input, textarea, select, [contenteditable], dialog')) return 'text';
  return target.closest('button, a, summary') ? 'button' : 'page';
}
