// The strip above the members: how many live, how the shards stand, which view, who answers, and
// whether what one sees is live.

import { h, setText } from '../lib/dom';
import { count } from '../admin/words';
import type { Cluster } from './types';

/** One number: its name, its value, whether it is bad, whether a lone node has it. */
type Sum = readonly [name: string, value: string, bad?: boolean, alone?: boolean];

/** The strip. */
export class Sums {
  readonly element: HTMLElement;
  private readonly list = h('dl', { class: 'sums' });
  private readonly link = h('p', { class: 'link', role: 'status' });
  private readonly linkText = h('span', {});
  private names = '';

  constructor() {
    this.link.append(h('span', { class: 'link-dot', 'aria-hidden': 'true' }), this.linkText);
    this.element = h('div', { class: 'summary' }, this.list, this.link);
  }

  /** Brings the numbers up to date. */
  draw(cluster: Cluster): void {
    const all = sums(cluster).filter(([, , , alone]) => cluster.clustered || alone);
    const names = all.map(([name]) => name).join();
    if (names !== this.names) {
      this.list.replaceChildren(...all.map(([name]) =>
        h('div', { class: 'sum' }, h('dt', {}, name), h('dd', {}))));
    }
    this.names = names;
    const values = this.list.querySelectorAll('dd');
    all.forEach(([, value, bad], i) => {
      const cell = values[i];
      if (!cell) return;
      setText(cell, value);
      cell.classList.toggle('is-bad', !!bad);
    });
  }

  /** Says how live they are. */
  say({ tone, text }: { tone: string; text: string }): void {
    this.link.className = `link ${tone}`;
    setText(this.linkText, text);
  }
}

function sums({ members, shards, rules, ...cluster }: Cluster): Sum[] {
  const living = members.filter(({ alive }) => alive).length;
  const entities = members.reduce((sum, { report }) => sum + (report?.entities ?? 0), 0);
  const silent = members.some(({ alive, report }) => alive && report === null);
  return [
    ['Members alive', `${living} of ${members.length}`, living < rules.members_min],
    ['Shards', count(shards.all), false, true],
    ['No living owner', count(shards.free), shards.free > 0],
    ['To move', count(shards.to_move)],
    ['Entities', `${silent ? '≥ ' : ''}${count(entities)}`, false, true],
    ['View', count(cluster.view_version)],
    ['Moves ever', count(cluster.view_moves)],
    ['Told by', cluster.answered_by.name],
  ];
}
