// What codes of the node are called. Pure.

/** Why something was not counted, in a sentence each. */
export const REFUSALS: Readonly<Record<string, string>> = {
  repeated: 'The same viewer had been counted for this hour already.',
  too_old: 'It came more than a day after it had happened.',
  in_future: 'It lay in the future: the clock of the device is wrong.',
  too_many_gaps: 'Too much of the session was missing.',
  after_end: 'It came after its session had ended.',
  viewer_limit: 'The viewer had more views than a person can have.',
  address_limit: 'Too many views came from one address.',
  not_playable: 'The content could not be played at that time.',
  faster_than_time: 'More was watched than time had passed.',
};

/** A refusal in plain words; a code that is not known is shown as it is. */
export function refusalWords(code: string): string {
  return REFUSALS[code] ?? code.replaceAll('_', ' ');
}

/** Kinds of device. */
export function deviceWords(kind: string): string {
  const words: Record<string, string> = { desktop: 'Computer', mobile: 'Phone', tablet: 'Tablet',
    tv: 'Television' };
  return words[kind] ?? 'Other';
}

/** What a tier of trending is called; the first 1 %, the first 10 %, and all others. */
export const TIERS = {
  hot: { word: 'Hot', tone: 'bad' },
  warm: { word: 'Warm', tone: 'busy' },
  tail: { word: 'Quiet', tone: 'quiet' },
} as const;
