// The watch page: one content, from its upload to its end. It follows the content's events; as soon
// as something plays the player starts, and each rendition that completes joins it. Opened from a
// list it plays what the list knew, while the content itself is asked for.

import '../styles/watch.css';
import { ApiError, call, sentence } from '../lib/api';
import { byId, fill, h, icon, type IconName } from '../lib/dom';
import { followContent } from '../lib/events';
import { clock, percent, relativeDate } from '../lib/format';
import { announced } from '../lib/opening';
import { deleteContent, editContent } from '../lib/owner';
import { STATUS_WORDS, completeNames, isGrowing, withProgress } from '../lib/renditions';
import { drawRungs } from '../lib/rungs';
import { takeTokenFromAddress } from '../lib/session';
import type { Content } from '../lib/types';
import type { Player } from '../player/player';
import { Counts } from '../watch/counts';
import { Playing } from '../watch/playing';

const stage = byId('stage');
const details = byId('details');
const rungs = h('ul', { class: 'rungs' });
const id = decodeURIComponent(location.pathname.split('/')[2] ?? '');
let content: Content | null = null;
let playing: Playing | null = null;
let counts: Counts | null = null;
let stopFollowing: (() => void) | null = null;
let described = '';
/** When what is shown was asked for: the navigation, at first. */
let since = 0;

takeTokenFromAddress();
const hint = announced(id);
// Not from the module's own frame: when anything asks for a stack with that frame in it, as a
// browser's tools do for each request, V8 parses the whole bundle a second time.
queueMicrotask(() => {
  if (hint) show(hint);
  // The first frame comes before what the list has told already.
  if (playing) void playing.shown.then(open);
  else void open();
});

async function open(): Promise<void> {
  const wait = h('div', { class: 'stage-status' }, h('p', { role: 'status' }, 'Loading…'));
  if (!playing) fill(stage, wait);
  try {
    show(await call<Content>('GET', `/api/v1/content/${encodeURIComponent(id)}`));
    if (content && isGrowing(content)) follow();
  } catch (error) {
    refuse(error);
  }
}

function follow(): void {
  stopFollowing?.();
  stopFollowing = followContent(id, {
    content: show,
    progress: (told) => content && show(withProgress(content, told)),
    refused: (error) => error.status === 404 && !playing && refuse(error),
  });
}

function show(next: Content): void {
  const before = content;
  content = next;
  document.title = `${next.title || 'Untitled'} · Playhouse`;
  drawStage(next);
  describe(next);
  drawRungs(rungs, next.renditions);
  const known = before ? completeNames(before) : [];
  const grown = completeNames(next).some((name) => !known.includes(name));
  if (before && playing && grown && before !== hint) playing.player.engine.takeUpNew();
}

function drawStage(next: Content): void {
  const plays = next.hls && (next.status === 'published' || next.status === 'draft');
  if (plays && playing) playing.player.update(next);
  else if (plays) play(next, next.hls ?? '');
  else {
    stopPlaying();
    fill(stage, statusPage(next));
    // What plays later was not asked for by the navigation.
    since = NaN;
  }
}

function play(next: Content, url: string): void {
  stopPlaying();
  const asked = Number.isNaN(since) ? performance.now() : since;
  playing = new Playing(next, url, asked, () => {
    since = performance.now();
    play(content ?? next, url);
  });
  if (!counts) {
    counts = new Counts(next.id);
    const { shown } = playing;
    void shown.then(() => counts?.follow());
  }
  fill(stage, playing.player.element);
}

function stopPlaying(): void {
  playing?.destroy();
  playing = null;
}

function statusPage(next: Content): HTMLElement {
  const reason = next.blocked_reason?.detail;
  const pages: Record<Content['status'], [IconName, string, string]> = {
    draft: ['film', 'Not published', 'Its owner has taken it back for now.'],
    uploading: ['upload', 'Upload in progress', 'It plays here soon after the last byte is in.'],
    processing: ['film', 'Getting ready', 'It starts here by itself as soon as it can play.'],
    published: ['film', 'Getting ready', 'It starts here by itself as soon as it can play.'],
    blocked: ['alert', 'This cannot be shown', reason ?? 'A check has blocked it.'],
    failed: ['alert', 'This could not be prepared', reason ?? 'Its processing gave up.'],
  };
  const [image, heading, text] = pages[next.status];
  const best = Math.max(0, ...next.renditions.map((r) => r.progress));
  const busy = next.status === 'processing';
  const meter = h('div', { class: 'meter', role: 'progressbar', 'aria-label': 'First rendition',
    'aria-valuenow': percent(best) }, h('i'));
  (meter.firstElementChild as HTMLElement).style.width = `${percent(best)}%`;
  return h('div', { class: 'stage-status' }, icon(image), h('h2', {}, heading),
    h('p', { role: 'status' }, text), busy ? meter : null);
}

/** Draws the words below the stage, only when they change: buttons keep the focus. */
function describe(next: Content): void {
  const making = isGrowing(next) || next.renditions.some((r) => r.state === 'failed');
  const told = JSON.stringify([!!counts, next.title, next.description, next.status, next.duration_s,
    next.owner_is_me, making && next.renditions.length > 0, next.published_at]);
  if (told === described) return;
  described = told;
  const date = next.published_at ?? next.created_at;
  const { word, tone } = STATUS_WORDS[next.status];
  const when = new Date(date).toLocaleString('en', { dateStyle: 'long', timeStyle: 'short' });
  const facts = h(
    'p',
    { class: 'facts' },
    next.status === 'published' ? null : h('span', { class: `pill ${tone}` }, word),
    h('time', { datetime: date, title: when }, relativeDate(date, Date.now())),
    next.duration_s ? h('span', {}, clock(next.duration_s)) : null,
  );
  fill(
    details,
    h('div', { class: 'headline' },
      h('div', {}, h('h1', {}, next.title || 'Untitled'), facts),
      next.owner_is_me ? ownerActions() : null),
    counts?.element ?? null,
    next.description ? h('p', { class: 'description' }, next.description) : null,
    making && next.renditions.length > 0
      ? h('section', { class: 'card making', 'aria-label': 'Renditions' },
          h('h2', {}, rungsHeading(next)), rungs)
      : null,
  );
}

function rungsHeading(next: Content): string {
  if (!isGrowing(next)) return 'Qualities';
  return next.hls ? 'More qualities are being made' : 'Qualities being made';
}

function ownerActions(): HTMLElement {
  const numbers = h('a', { class: 'button small', href: `/insights/${encodeURIComponent(id)}` },
    'Insights');
  const edit = h('button', { type: 'button', class: 'button small' }, 'Edit');
  const remove = h('button', { type: 'button', class: 'button small danger' }, 'Delete');
  edit.addEventListener('click', () => content && editContent(content, show));
  remove.addEventListener('click', () => content && deleteContent(content, gone));
  return h('div', { class: 'actions' }, numbers, edit, remove);
}

function gone(): void {
  stopFollowing?.();
  location.assign('/');
}

function refuse(error: unknown): void {
  const missing = error instanceof ApiError && [400, 403, 404, 410].includes(error.status);
  // What plays goes on when only its description could not be had.
  if (playing && !missing) return;
  stopPlaying();
  const again = h('button', { type: 'button', class: 'button', onclick: () => void open() },
    'Try again');
  const home = h('a', { class: 'button', href: '/' }, 'To the front page');
  fill(
    stage,
    h('div', { class: 'stage-status', role: 'alert' },
      icon('alert'),
      h('h1', {}, missing ? 'Not found' : 'This page could not be loaded'),
      h('p', {}, missing ? 'It does not exist, or you may not see it.' : sentence(error)),
      missing ? home : again),
  );
}

function player(): Player | null {
  return playing?.player ?? null;
}

/** What tests and curious people read; see README.md. */
const hook = {
  get video(): HTMLVideoElement | null {
    return player()?.video ?? null;
  },
  get hls(): unknown {
    return player()?.engine.hls ?? null;
  },
  get content(): Content | null {
    return content;
  },
  state(): Record<string, unknown> {
    const engine = player()?.engine;
    const { video, hls } = engine ?? {};
    return {
      status: content?.status ?? null,
      position_s: engine?.position ?? null,
      duration_s: video?.duration ?? null,
      paused: video?.paused ?? null,
      ended: video?.ended ?? null,
      height: video?.videoHeight ?? null,
      levels: hls?.levels.map((level) => level.height || level.bitrate) ?? [],
      level: hls?.currentLevel ?? null,
      adoptions: engine?.adoptions ?? [],
      playback: playing?.state() ?? null,
    };
  },
};
declare global {
  interface Window {
    playhouse: typeof hook;
  }
}
window.playhouse = hook;
