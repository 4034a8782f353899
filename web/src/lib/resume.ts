// Whether to go on where the viewer stopped. Pure.

/** Nearer to the beginning than this, starting over is no loss. */
const FROM_S = 5;
/** Past this share what is left are the credits. */
const UNTIL_SHARE = 0.95;

/** The position to resume at, or null to start at the beginning. */
export function resumePoint(position: number | null, duration: number | null): number | null {
  if (position === null || !Number.isFinite(position) || position < FROM_S) return null;
  if (duration && position > duration * UNTIL_SHARE) return null;
  return position;
}
