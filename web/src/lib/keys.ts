// What a key does in the player. Pure: key in, action out.

/** What the player is told to do. */
export type Action =
  | { do: 'toggle' }
  | { do: 'mute' }
  | { do: 'fullscreen' }
  | { do: 'captions' }
  | { do: 'help' }
  | { do: 'seekBy'; seconds: number }
  | { do: 'seekTo'; fraction: number }
  | { do: 'volumeBy'; amount: number }
  | { do: 'speedBy'; steps: number };

/** The parts of a KeyboardEvent that decide. */
export interface Key {
  key: string;
  ctrlKey?: boolean;
  metaKey?: boolean;
  altKey?: boolean;
}

/** Where the focus is: text fields keep all keys, buttons keep those that press them. */
export type Focus = 'page' | 'text' | 'button' | 'menu';

const FIXED: Readonly<Record<string, Action>> = {
  ' ': { do: 'toggle' },
  k: { do: 'toggle' },
  j: { do: 'seekBy', seconds: -10 },
  l: { do: 'seekBy', seconds: 10 },
  ArrowLeft: { do: 'seekBy', seconds: -5 },
  ArrowRight: { do: 'seekBy', seconds: 5 },
  ArrowUp: { do: 'volumeBy', amount: 0.05 },
  ArrowDown: { do: 'volumeBy', amount: -0.05 },
  Home: { do: 'seekTo', fraction: 0 },
  End: { do: 'seekTo', fraction: 1 },
  m: { do: 'mute' },
  f: { do: 'fullscreen' },
  c: { do: 'captions' },
  '?': { do: 'help' },
  '<': { do: 'speedBy', steps: -1 },
  '>': { do: 'speedBy', steps: 1 },
};

/** The keys as people are told of them. */
export const KEY_HELP: readonly (readonly [readonly string[], string])[] = [
  [['Space', 'K'], 'Play or pause'],
  [['←', '→'], 'Back or on by 5 seconds'],
  [['J', 'L'], 'Back or on by 10 seconds'],
  [['0', '…', '9'], 'To the beginning, to a tenth of the length each'],
  [['Home', 'End'], 'To the beginning, to the end'],
  [['↑', '↓'], 'Louder or quieter'],
  [['M'], 'Sound off or on'],
  [['C'], 'Captions on or off, where there are any'],
  [['<', '>'], 'Slower or faster'],
  [['F'], 'Full screen'],
  [['?'], 'This list'],
];

/** The action of a key press, or null when the key is not the player's. */
export function actionFor(key: Key, focus: Focus): Action | null {
  if (key.ctrlKey || key.metaKey || key.altKey) return null;
  if (focus === 'text' || focus === 'menu') return null;
  if (focus === 'button' && (key.key === ' ' || key.key === 'Enter')) return null;
  if (/^[0-9]$/.test(key.key)) return { do: 'seekTo', fraction: Number(key.key) / 10 };
  const name = key.key.length === 1 ? key.key.toLowerCase() : key.key;
  return FIXED[name] ?? null;
}

/** The speeds on offer. */
export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2] as const;

/** The speed some steps from the nearest one on offer. */
export function stepSpeed(current: number, steps: number): number {
  const distances = SPEEDS.map((speed) => Math.abs(speed - current));
  const nearest = distances.indexOf(Math.min(...distances));
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, nearest + steps))] ?? 1;
}
