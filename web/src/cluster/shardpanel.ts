// The shards: the picture with its key, the one that is pointed at in words, and as sentences all
// that are not where they should be.

import { fill, h, setText } from '../lib/dom';
import { Facts } from '../admin/facts';
import { count } from '../admin/words';
import { Legend } from './legend';
import { Problem } from './problem';
import { Rows } from './rows';
import { ShardMap } from './shardmap';
import { byOwner, displaced, facts, ranges, type Displaced } from './shards';
import { sentence, shards as counted } from './words';
import type { Palette } from './palette';
import type { Asked } from './feed';
import type { Shard, ShardPage } from './types';

/** Reasons that are told: each is told of all its shards. */
const REASONS_MAX = 8;
/** They are asked for less often than the rest, and old later (ms). */
const STALE_MS = 8000;
const HINT = 'Point at a shard, tap it, or move with the arrow keys, to read how it stands.';

/** The card. */
export class ShardPanel {
  readonly element: HTMLElement;
  private readonly note = h('p', { class: 'soft small-text' });
  private readonly problem = new Problem();
  private readonly map: ShardMap;
  private readonly legend: Legend;
  private readonly title = h('h3', {});
  /** A finger does not meet one of a thousand cells; from a neighbour it gets there. */
  private readonly steps = ([['‹', 'Previous', -1], ['›', 'Next', 1]] as const).map(
    ([sign, name, by]) => h('button', { type: 'button', class: 'button small', hidden: true,
      'aria-label': `${name} shard`, onclick: () => this.map.step(by) }, sign));
  private readonly why = h('p', {});
  private readonly facts = new Facts();
  private readonly reasonsHead = h('h3', { hidden: true }, 'Not where they should be');
  private readonly reasons = new Rows<Displaced>(h('ul', { class: 'reasons' }), ({ why }) => why,
    () => reason());
  private readonly spoken = h('ul', {});
  private readonly words = h('details', {}, h('summary', {}, 'The same in words'), this.spoken);
  private page: ShardPage | null = null;
  private chosen: number | null = null;
  private hovered: number | null = null;

  constructor(private readonly palette: Palette) {
    const colour = (name: string): number => palette.of(name);
    this.map = new ShardMap(colour, {
      choose: (shard) => this.choose(shard),
      hover: (shard) => {
        this.hovered = shard;
        this.drawOne();
      },
    });
    this.legend = new Legend(colour, (only) => this.map.fade(only));
    this.words.addEventListener('toggle', () => this.drawWords());
    const one = h('div', { class: 'shard-one' }, h('div', { class: 'shard-one-head' }, this.title,
      ...this.steps), this.why, this.facts.element);
    this.element = h('section', { class: 'card shards', 'aria-label': 'Shards' },
      h('div', { class: 'panel-head' }, h('h2', {}, 'Shards'), this.note), this.problem.element,
      h('div', { class: 'shards-body' },
        h('div', { class: 'shards-key' }, this.legend.element, signs()), one, this.map.element),
      this.reasonsHead, this.reasons.element, this.words);
    this.drawOne();
  }

  /** Brings it up to date; `members` by name, those without shards too. */
  draw({ answer }: Asked<ShardPage>, members: readonly string[]): void {
    if (answer === null || answer === this.page) return;
    this.page = answer;
    this.element.classList.toggle('is-alone', !answer.clustered);
    const owners = byOwner(answer.shards);
    this.palette.meet(members);
    this.palette.meet([...owners.keys()].filter((name) => name !== null));
    this.legend.draw(owners, members);
    this.map.draw(answer.shards);
    const { all } = answer.counts;
    const cut = answer.next_cursor === null ? '' : `the first ${count(answer.shards.length)} of `;
    setText(this.note, `${cut}${counted(all)}`);
    this.drawReasons(answer.shards);
    this.drawOne();
    this.drawWords();
  }

  /** Tells why the picture is old. */
  drawProblem({ heardAt, problem }: Asked<ShardPage>, now: number): void {
    this.problem.draw(now - heardAt > STALE_MS ? problem : null);
  }

  /** Chooses a shard, as one is clicked on elsewhere, and goes there. */
  reveal(shard: number): void {
    this.choose(shard);
    this.map.focus();
  }

  private choose(shard: number | null): void {
    this.chosen = shard;
    this.map.select(shard);
    this.drawOne();
  }

  private drawOne(): void {
    const number = this.hovered ?? this.chosen;
    const shard = this.page?.shards.find((it) => it.shard === number);
    setText(this.title, shard ? `Shard ${shard.shard}` : 'One shard');
    setText(this.why, shard ? sentence(shard.why) : HINT);
    for (const button of this.steps) button.hidden = this.chosen === null;
    this.why.className = shard ? tone(shard) : 'soft';
    this.facts.draw(shard ? facts(shard) : []);
  }

  private drawReasons(shards: readonly Shard[]): void {
    const all = displaced(shards);
    this.reasonsHead.hidden = all.length === 0;
    this.reasons.draw(all.slice(0, REASONS_MAX));
  }

  /** Long, and read by few: made only while it is open. */
  private drawWords(): void {
    if (!this.words.open || !this.page) return;
    const lines = [...byOwner(this.page.shards)].map(([name, numbers]) => h('li', {},
      h('strong', {}, name ?? 'Nobody'), `: ${counted(numbers.length)}: `,
      ranges(numbers, Infinity)));
    fill(this.spoken, ...lines);
  }
}

function tone({ owner_lives: lives, to_move: moves }: Shard): string {
  if (!lives) return 'tone-bad';
  return moves ? 'tone-busy' : '';
}

function reason(): { element: HTMLElement; draw(item: Displaced): void } {
  const what = h('strong', {});
  const why = h('span', {});
  const numbers = h('span', { class: 'soft' });
  return {
    element: h('li', {}, what, why, numbers),
    draw: (item) => {
      setText(what, counted(item.count));
      what.className = item.free ? 'tone-bad' : 'tone-busy';
      setText(why, `: ${item.why} `);
      setText(numbers, `(${item.numbers})`);
    },
  };
}

/** What the marks of a cell mean. */
function signs(): HTMLElement {
  const sign = (classes: string, text: string): HTMLElement => h('li', {},
    h('span', { class: `cell ${classes}`, 'aria-hidden': 'true' }), text);
  return h('ul', { class: 'signs', 'aria-label': 'Marks' },
    sign('is-free', 'no living owner'),
    sign('sign-moving', 'is to move, to the lower colour'),
    sign('sign-pinned is-pinned', 'pinned'));
}
