// What went wrong with a question that is asked again and again: told once, not with each try.

import { sentence } from '../lib/api';
import { fill, h } from '../lib/dom';
import { problem } from '../admin/parts';

/** A place for it; empty while nothing is wrong. */
export class Problem {
  readonly element = h('div', {});
  private told: string | null = null;

  /** Tells it; null when all is well. */
  draw(error: unknown): void {
    const words = error === null ? null : sentence(error);
    if (words === this.told) return;
    this.told = words;
    fill(this.element, words === null ? null : problem(error));
  }
}
