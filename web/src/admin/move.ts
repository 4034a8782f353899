// What a key does in the tree (WAI-ARIA treegrid, focus on rows). Pure: lines and key in, act out.

import type { Line } from './tree';

/** What the grid is told to do. */
export type Move =
  | { do: 'focus'; key: string }
  | { do: 'toggle'; key: string; open: boolean }
  | { do: 'select'; key: string };

/** Rows that Page Up and Page Down skip. */
const PAGE = 10;

/** The act of `pressed` while the line `key` has the focus; null when the key is not the tree's. */
export function moveFor(lines: readonly Line[], key: string, pressed: string): Move | null {
  const at = lines.findIndex((line) => line.key === key);
  const line = lines[at];
  if (!line) return null;
  const focus = (index: number): Move | null => {
    const target = lines[Math.max(0, Math.min(lines.length - 1, index))];
    return target ? { do: 'focus', key: target.key } : null;
  };
  switch (pressed) {
    case 'ArrowDown': return focus(at + 1);
    case 'ArrowUp': return focus(at - 1);
    case 'PageDown': return focus(at + PAGE);
    case 'PageUp': return focus(at - PAGE);
    case 'Home': return focus(0);
    case 'End': return focus(lines.length - 1);
    case 'ArrowRight': return inward(line, () => focus(at + 1));
    case 'ArrowLeft': return outward(lines, at, line);
    case 'Enter':
    case ' ': return { do: 'select', key };
    default: return null;
  }
}

function inward(line: Line, next: () => Move | null): Move | null {
  if (line.type === 'more' || line.open === null) return null;
  return line.open ? next() : { do: 'toggle', key: line.key, open: true };
}

function outward(lines: readonly Line[], at: number, line: Line): Move | null {
  if (line.type === 'actor' && line.open) return { do: 'toggle', key: line.key, open: false };
  for (let i = at - 1; i >= 0; i -= 1) {
    const above = lines[i];
    if (above && above.level < line.level) return { do: 'focus', key: above.key };
  }
  return null;
}
