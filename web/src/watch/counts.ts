// The line of live numbers under the player, and the like button. Numbers come over the content's
// stream of engagement; each has room for its digits, so that nothing moves when they change.

import { ApiError, call, sentence } from '../lib/api';
import { h, icon, setText } from '../lib/dom';
import { count, shortCount } from '../lib/format';
import { followStream } from '../lib/stream';
import type { Engagement } from '../lib/types';

/** The numbers of one content on the page. */
export class Counts {
  readonly element: HTMLElement;
  private readonly views = h('b', {}, '–');
  private readonly viewsNoun = h('span', {}, 'views');
  private readonly now = h('b', {}, '–');
  private readonly watching = h('span', { class: 'count', hidden: true },
    h('i', { class: 'live-dot', 'aria-hidden': 'true' }), this.now, ' watching',
    h('span', { class: 'wide-only' }, 'now'));
  private readonly likes = h('b', { class: 'like-count' }, '–');
  private readonly button: HTMLButtonElement;
  private readonly problem = h('span', { class: 'like-problem', role: 'alert' });
  private liked = false;
  private told = 0;
  /** A press that the node has not answered yet. */
  private pending: { liked: boolean; likes: number } | null = null;
  private stop: () => void = () => undefined;

  constructor(private readonly contentId: string) {
    this.button = h('button', { type: 'button', class: 'button small like', 'aria-pressed': 'false',
      onclick: () => void this.press() },
      icon('heart'), h('span', { class: 'visually-hidden' }, 'Like, '), this.likes);
    this.element = h('div', { class: 'counts' },
      h('span', { class: 'count' }, this.views, ' ', this.viewsNoun), this.watching,
      h('span', { class: 'grow' }), this.problem, this.button);
  }

  /** Asks for the numbers, and follows them. */
  follow(): void {
    void this.ask();
    this.stop = followStream(`${this.path()}/engagement/stream`, {
      event: (name, data) => {
        if (name === 'engagement') this.show(JSON.parse(data) as Engagement);
      },
    });
  }

  /** Ends the stream. */
  close(): void {
    this.stop();
  }

  private path(): string {
    return `/api/v1/content/${encodeURIComponent(this.contentId)}`;
  }

  /** The stream says nothing of the caller; this does. */
  private async ask(): Promise<void> {
    try {
      this.show(await call<Engagement>('GET', `${this.path()}/engagement`));
    } catch {
      // The stream brings the numbers as well.
    }
  }

  private show(told: Engagement): void {
    this.told = told.likes;
    if (told.liked !== undefined && !this.pending) this.liked = told.liked;
    const views = Math.max(told.views.live, told.views.settled);
    setText(this.views, count(views));
    setText(this.viewsNoun, views === 1 ? 'view' : 'views');
    setText(this.now, count(told.viewers_now));
    this.watching.hidden = told.viewers_now < 1;
    this.drawLike();
  }

  private drawLike(): void {
    const { liked, likes } = this.pending ?? { liked: this.liked, likes: this.told };
    this.button.setAttribute('aria-pressed', String(liked));
    this.button.title = liked ? 'You like this' : 'Like';
    setText(this.likes, shortCount(likes));
  }

  /** Shows it at once and takes it back when the node does not agree. */
  private async press(): Promise<void> {
    if (this.pending) return;
    const liked = !this.liked;
    setText(this.problem, '');
    this.pending = { liked, likes: Math.max(0, this.told + (liked ? 1 : -1)) };
    this.drawLike();
    try {
      const method = liked ? 'PUT' : 'DELETE';
      const answer = await call<{ liked: boolean; likes: number }>(method, `${this.path()}/like`);
      this.liked = answer.liked;
      this.told = answer.likes;
    } catch (error) {
      setText(this.problem, `Not saved. ${reason(error)}`);
    } finally {
      this.pending = null;
      this.drawLike();
    }
  }
}

function reason(error: unknown): string {
  const away = error instanceof ApiError && error.status === 0;
  return away ? 'The server cannot be reached.' : sentence(error);
}
