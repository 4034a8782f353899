// Takes up renditions that appear while a content still encodes, without a break in playback.
// hls.js reads the multivariant playlist once; so a second instance without a media element reads
// it again, and what is new joins the running one through its LEVELS_UPDATED event. When that
// would renumber what plays, the answer is `reload` and the caller loads the source anew.

import Hls, { type HlsConfig, type Level, type MediaPlaylist } from 'hls.js';

/** What came of it. */
export type Adoption = 'nothing new' | 'adopted' | 'reload';

interface Ladder {
  levels: Level[];
  audioTracks: MediaPlaylist[];
}

/** Reads `url` again and gives its new levels to `hls`. */
export async function adoptLevels(
  hls: Hls,
  url: string,
  config: Partial<HlsConfig>,
): Promise<Adoption> {
  const found = await readLadder(url, config);
  const current = hls.levels;
  const known = new Map(current.map((level) => [level.uri, level]));
  const merged = found.levels.map((level) => known.get(level.uri) ?? level);
  if (merged.every((level) => known.has(level.uri))) return 'nothing new';
  const steady = current.every((level, index) => merged[index] === level);
  if (!steady) return 'reload';
  const tracks = hls.allAudioTracks;
  if (found.audioTracks.length > 0 && tracks.length === 0) return 'reload';
  for (const track of found.audioTracks) {
    if (!tracks.some((t) => t.groupId === track.groupId && t.url === track.url)) tracks.push(track);
  }
  hls.trigger(Hls.Events.LEVELS_UPDATED, { levels: merged });
  return 'adopted';
}

function readLadder(url: string, config: Partial<HlsConfig>): Promise<Ladder> {
  const reader = new Hls({ ...config, autoStartLoad: false });
  const ladder = new Promise<Ladder>((resolve, reject) => {
    reader.once(Hls.Events.MANIFEST_PARSED, (_, { levels, audioTracks }) =>
      resolve({ levels: [...levels], audioTracks: [...audioTracks] }),
    );
    reader.on(Hls.Events.ERROR, (_, data) => data.fatal && reject(data.error));
  });
  reader.loadSource(url);
  // Copies above: destroying the reader empties its own lists.
  return ladder.finally(() => reader.destroy());
}
