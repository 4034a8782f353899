// Which tile of a storyboard shows a time. Pure.

import type { Storyboard } from './types';

/** Offset of the tile in the picture, in the picture's own pixels. */
export function tileAt(board: Storyboard, seconds: number): { x: number; y: number } {
  const last = Math.max(0, board.columns * board.rows - 1);
  const wanted = board.interval_s > 0 ? Math.floor(Math.max(0, seconds) / board.interval_s) : 0;
  const index = Math.min(last, wanted);
  const [column, row] = [index % board.columns, Math.floor(index / board.columns)];
  return { x: column * board.tile_width, y: row * board.tile_height };
}
