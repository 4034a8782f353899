// What the settings menu of the player offers.

import { bitrate } from '../lib/format';
import { SPEEDS } from '../lib/keys';
import { qualityName } from '../lib/renditions';
import type { Rendition } from '../lib/types';
import type { Quality } from './engine';
import type { Group } from './menu';

/** Qualities on offer, the one that plays, and the one that was chosen (-1 is automatic). */
export interface Ladder {
  all: Quality[];
  playing: number;
  chosen: number;
}

/** The qualities, best first, after the automatic choice; no group when none is known. */
export function qualityGroup(
  ladder: Ladder,
  renditions: readonly Rendition[],
  choose: (index: number) => void,
): Group[] {
  const { all, playing, chosen } = ladder;
  if (all.length === 0) return [];
  const now = all[playing];
  const auto = {
    label: 'Auto',
    note: chosen < 0 && now ? qualityName(now, renditions) : undefined,
    chosen: chosen < 0,
    pick: () => choose(-1),
  };
  const rungs = [...all].reverse().map((quality) => ({
    label: qualityName(quality, renditions),
    note: quality.height ? bitrate(quality.bitrate) : undefined,
    chosen: chosen === quality.index,
    pick: () => choose(quality.index),
  }));
  return [{ title: 'Quality', choices: [auto, ...rungs] }];
}

/** The speeds. */
export function speedGroup(current: number, choose: (speed: number) => void): Group {
  const choices = SPEEDS.map((speed) => ({
    label: speed === 1 ? 'Normal' : `${speed}×`,
    chosen: current === speed,
    pick: () => choose(speed),
  }));
  return { title: 'Speed', choices };
}
