// One card of the queue: a file with its words, its transfer, and then what is made of it.

import { fill, h, icon, setText } from '../lib/dom';
import { Speedometer } from '../lib/eta';
import { followContent } from '../lib/events';
import { bytes, percent, timeLeft, titleFromFilename } from '../lib/format';
import { isGrowing, withProgress } from '../lib/renditions';
import { drawRungs } from '../lib/rungs';
import type { Content } from '../lib/types';
import { LANGUAGES } from './languages';
import { Transfer } from './transfer';

/** Where a job stands; `over` ones leave the queue to the next. */
export type JobState = 'ready' | 'queued' | 'sending' | 'paused' | 'failed' | 'making' | 'over';

/** One file on the page. */
export class Job {
  readonly element = h('li', { class: 'card job' });
  state: JobState = 'ready';
  private transfer: Transfer | null = null;
  private readonly speed = new Speedometer();
  private sent = 0;
  private content: Content | null = null;
  private stopFollowing: (() => void) | null = null;
  private readonly title: HTMLInputElement;
  private readonly description = h('textarea', { rows: 3, maxlength: 5000 });
  private readonly language = h('select', {}, ...LANGUAGES.map(([value, name]) =>
    h('option', { value }, name)));
  private readonly form: HTMLFormElement;
  private readonly thumb = h('img', { class: 'job-thumb', alt: '', hidden: true });
  private readonly heading = h('strong', {});
  private readonly word = h('span', { class: 'soft small-text', role: 'status' });
  private readonly bar = h('div', { class: 'meter', role: 'progressbar', 'aria-label': 'Upload',
    'aria-valuemin': 0, 'aria-valuemax': 100 }, h('i'));
  private readonly amount = h('span', {});
  private readonly rate = h('span', {});
  private readonly numbers = h('div', { class: 'job-numbers' }, this.amount, this.rate);
  private readonly progress = h('div', { class: 'job-progress' }, this.bar, this.numbers);
  private readonly rungs = h('ul', { class: 'rungs', 'aria-label': 'Renditions' });
  private readonly problem = h('div', { role: 'alert' });
  private readonly buttons = h('div', { class: 'buttons' });

  constructor(readonly file: File, private readonly changed: (job: Job) => void) {
    const value = titleFromFilename(file.name);
    this.title = h('input', { value, maxlength: 200, required: true });
    this.form = h('form', { class: 'job-form' },
      h('label', { class: 'field' }, 'Title', this.title),
      h('label', { class: 'field' }, 'Language', this.language),
      h('label', { class: 'field wide' }, 'Description', this.description));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.set('queued');
    });
    const words = h('div', {}, this.heading, this.word);
    this.element.append(h('div', { class: 'job-head' }, this.thumb, words), this.form,
      this.progress, this.rungs, this.problem, this.buttons);
    this.draw();
  }

  /** Begins to send, or goes on. */
  send(): void {
    this.set('sending');
    this.speed.reset();
    this.transfer ??= this.makeTransfer();
    void this.transfer.start();
  }

  private makeTransfer(): Transfer {
    const words = { title: this.title.value.trim(), description: this.description.value.trim(),
      language: this.language.value };
    return new Transfer(this.file, words, {
      progress: (sent) => this.note(sent),
      waiting: () => setText(this.word, 'Connection lost. Trying again…'),
      done: (contentId) => this.uploaded(contentId),
      failed: (message) => this.fail(message),
    });
  }

  private note(sent: number): void {
    this.sent = Math.min(sent, this.file.size);
    this.speed.note(performance.now(), sent);
    setText(this.word, 'Uploading');
    this.drawNumbers();
  }

  private uploaded(contentId: string | null): void {
    this.sent = this.file.size;
    this.set(contentId ? 'making' : 'over');
    if (!contentId) return;
    this.stopFollowing = followContent(contentId, {
      content: (content) => this.take(content),
      progress: (told) => this.content && this.take(withProgress(this.content, told)),
      refused: (error) => this.fail(error.message),
      end: () => this.content && this.take(this.content),
    });
  }

  private take(content: Content): void {
    const before = this.content?.status;
    this.content = content;
    const over = !isGrowing(content);
    if (over) this.stopFollowing?.();
    this.state = over ? 'over' : 'making';
    this.draw();
    if (before !== content.status || over) this.changed(this);
  }

  private fail(message: string): void {
    fill(this.problem, h('p', { class: 'notice bad' }, icon('alert'), message));
    this.set('failed');
  }

  private set(state: JobState): void {
    this.state = state;
    if (state !== 'failed') fill(this.problem);
    this.draw();
    this.changed(this);
  }

  private remove(): void {
    this.stopFollowing?.();
    const cancelling = this.state === 'over' || this.state === 'making'
      ? null
      : this.transfer?.cancel();
    // The server forgets an unfinished upload by itself in the end; a failed DELETE is no matter.
    void cancelling?.catch(() => undefined);
    this.element.remove();
    this.state = 'over';
    this.changed(this);
  }

  private draw(): void {
    const { state, content } = this;
    const editable = state === 'ready';
    setText(this.heading, editable ? this.file.name : content?.title || this.title.value);
    setText(this.word, this.stateWord());
    this.form.hidden = !editable;
    this.progress.hidden = editable || state === 'making' || state === 'over';
    this.rungs.hidden = !content || content.renditions.length === 0;
    if (content) drawRungs(this.rungs, content.renditions);
    const picture = content?.status === 'published' ? content.thumbnails[0]?.url : undefined;
    if (picture && this.thumb.getAttribute('src') !== picture) this.thumb.src = picture;
    this.thumb.hidden = !picture;
    const reason = content?.blocked_reason;
    if (reason) fill(this.problem, h('p', { class: 'notice bad' }, icon('alert'), reason.detail));
    this.drawNumbers();
    this.drawButtons();
  }

  private stateWord(): string {
    const { content } = this;
    if (content?.status === 'blocked') return 'Blocked';
    if (content?.status === 'failed') return 'Failed';
    if (content?.status === 'published') {
      return isGrowing(content) ? 'Published · more qualities are being made' : 'Published';
    }
    const words: Record<JobState, string> = {
      ready: bytes(this.file.size),
      queued: 'Waiting for its turn',
      sending: 'Connecting…',
      paused: 'Paused',
      failed: 'Stopped',
      making: 'Uploaded · processing',
      over: 'Uploaded',
    };
    return words[this.state];
  }

  private drawNumbers(): void {
    const total = this.file.size;
    const at = percent(total > 0 ? this.sent / total : 0);
    (this.bar.firstElementChild as HTMLElement).style.width = `${at}%`;
    this.bar.setAttribute('aria-valuenow', String(at));
    setText(this.amount, `${bytes(this.sent)} of ${bytes(total)} · ${at} %`);
    const speed = this.state === 'sending' ? this.speed.speed() : null;
    const left = timeLeft(this.speed.left(total));
    setText(this.rate, speed ? `${bytes(speed)}/s${left ? ` · ${left} left` : ''}` : '');
  }

  /** Draws buttons only when they change, so that the focus stays. */
  private drawButtons(): void {
    const { content } = this;
    const watchable = content?.status === 'published' || content?.status === 'draft';
    const key = `${this.state} ${watchable}`;
    if (this.buttons.dataset.key === key) return;
    const held = this.buttons.contains(document.activeElement);
    this.buttons.dataset.key = key;
    fill(this.buttons, ...this.buttonsFor(watchable));
    if (held) this.buttons.querySelector<HTMLElement>('button, a')?.focus();
  }

  private buttonsFor(watchable: boolean): (HTMLElement | null)[] {
    const press = (label: string, act: () => void, kind = ''): HTMLElement =>
      h('button', { type: 'button', class: `button ${kind}`, onclick: act }, label);
    const begin = (): void => this.form.requestSubmit();
    const cancel = press('Cancel', () => this.remove(), 'danger');
    const watch = watchable && this.content
      ? h('a', { class: 'button primary', href: `/watch/${this.content.id}` }, 'Watch')
      : null;
    const numbers = watchable && this.content
      ? h('a', { class: 'button', href: `/insights/${this.content.id}` }, 'Insights')
      : null;
    switch (this.state) {
      case 'ready':
        return [press('Start upload', begin, 'primary'), press('Remove', () => this.remove())];
      case 'queued':
        return [press('Remove', () => this.remove())];
      case 'sending':
        return [press('Pause', () => void this.pause()), cancel];
      case 'paused':
        return [press('Resume', () => this.set('queued'), 'primary'), cancel];
      case 'failed':
        return [press('Try again', () => this.set('queued'), 'primary'), cancel];
      case 'making':
        return [watch];
      case 'over':
        return [watch, numbers, press('Close', () => this.remove())];
    }
  }

  private async pause(): Promise<void> {
    await this.transfer?.pause();
    this.set('paused');
  }
}
