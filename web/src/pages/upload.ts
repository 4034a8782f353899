// The upload page: a queue that sends one file at a time, and what this creator sent before.

import '../styles/upload.css';
import { call, sentence } from '../lib/api';
import { byId, fill, h, icon } from '../lib/dom';
import { bytes, relativeDate } from '../lib/format';
import { STATUS_WORDS } from '../lib/renditions';
import { signIn } from '../lib/signin';
import type { Page, Summary } from '../lib/types';
import { Job } from '../upload/job';
import { unfinished } from '../upload/transfer';

const RECENT = 10;
const MEDIA = 'video/*,audio/*,.mkv,.mov,.mp4,.m4v,.webm,.ts,.mp3,.flac,.wav,.m4a,.ogg,.opus';

const content = byId('content');
const queue = h('ul', { class: 'queue', 'aria-label': 'Uploads' });
const mine = h('section', { class: 'mine', 'aria-label': 'Your uploads' });
const leftovers = h('div', { 'aria-live': 'polite' });
let jobs: Job[] = [];

void signIn(byId('account'), content, () => {
  fill(content, dropZone(), leftovers, queue, mine);
  showLeftovers();
  void loadMine();
});

addEventListener('beforeunload', (event) => {
  if (jobs.some((job) => job.state === 'sending')) event.preventDefault();
});

function dropZone(): HTMLElement {
  const picker = h('input', { type: 'file', accept: MEDIA, multiple: true,
    class: 'visually-hidden', 'aria-describedby': 'drop-help' });
  picker.addEventListener('change', () => {
    add(picker.files);
    picker.value = '';
  });
  const zone = h(
    'label',
    { class: 'drop' },
    icon('upload'),
    h('strong', {}, 'Drop files here, or choose them'),
    h('span', { id: 'drop-help', class: 'soft small-text' },
      'Video up to 20 GB, audio up to 2 GB. A lost connection costs nothing.'),
    picker,
  );
  const over = (event: DragEvent, inside: boolean): void => {
    event.preventDefault();
    zone.classList.toggle('is-over', inside);
  };
  // The whole page takes files, so that a near miss does not open the file instead.
  document.addEventListener('dragover', (event) => over(event, true));
  document.addEventListener('dragleave', (event) => !event.relatedTarget && over(event, false));
  document.addEventListener('drop', (event) => {
    over(event, false);
    add(event.dataTransfer?.files ?? null);
  });
  return zone;
}

function add(files: FileList | null): void {
  const made = [...(files ?? [])].map((file) => new Job(file, changed));
  jobs.push(...made);
  queue.append(...made.map((job) => job.element));
  made[0]?.element.querySelector('input')?.focus();
}

function changed(job: Job): void {
  if (!job.element.isConnected) jobs = jobs.filter((other) => other !== job);
  const busy = jobs.some((other) => other.state === 'sending');
  const next = jobs.find((other) => other.state === 'queued');
  if (!busy && next) next.send();
  if (job.state === 'making' || job.state === 'over') void loadMine();
  showLeftovers();
}

/** Unfinished uploads of an earlier visit: the browser lets go of files, so they are asked for. */
function showLeftovers(): void {
  const known = new Set(jobs.map((job) => `${job.file.name} ${job.file.size}`));
  const left = unfinished().filter(({ name, size }) => !known.has(`${name} ${size}`));
  const names = left.map(({ name, size }) => `${name} (${bytes(size)})`).join(', ');
  const text = `Not finished: ${names}. Choose the same file again to go on where it stopped.`;
  const notice = h('p', { class: 'notice' }, icon('upload'), h('span', {}, text));
  fill(leftovers, left.length > 0 ? notice : null);
}

async function loadMine(): Promise<void> {
  try {
    const page = await call<Page<Summary>>('GET', `/api/v1/content?owner=me&limit=${RECENT}`);
    const rows = page.items.map(row);
    fill(mine,
      h('div', { class: 'mine-head' }, h('h2', {}, 'Your uploads')),
      rows.length > 0
        ? h('ul', { class: 'rows' }, ...rows)
        : h('p', { class: 'soft' }, 'What you upload is listed here.'));
  } catch (error) {
    const again = h('button', { type: 'button', class: 'button small' }, 'Try again');
    again.addEventListener('click', () => void loadMine());
    const text = `Your uploads could not be listed. ${sentence(error)}`;
    fill(mine, h('div', { class: 'notice bad', role: 'alert' }, h('span', {}, text), again));
  }
}

function row(item: Summary): HTMLLIElement {
  const { word, tone } = STATUS_WORDS[item.status];
  const detail = item.blocked_reason?.detail;
  return h(
    'li',
    {},
    h('div', {},
      h('a', { href: `/watch/${item.id}` }, item.title || 'Untitled'),
      h('span', { class: 'soft small-text' },
        relativeDate(item.created_at, Date.now()), detail ? ` · ${detail}` : null)),
    item.status === 'published'
      ? h('a', { class: 'row-link', href: `/insights/${item.id}`,
          'aria-label': `Insights: ${item.title || 'Untitled'}` }, 'Insights')
      : null,
    h('span', { class: `pill ${tone}` }, word),
  );
}
