// Makes the mock's media from the repository's small clip: 25 s in three rungs with one sound, as
// fragmented MP4 with one playlist each, and a few pictures. Needs ffmpeg; a few seconds.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

const RUNGS = [
  { name: '360p', width: 640, height: 360, bitrate_bps: 400_000 },
  { name: '480p', width: 854, height: 480, bitrate_bps: 800_000 },
  { name: '720p', width: 1280, height: 720, bitrate_bps: 2_500_000 },
];

/** Writes everything into `out` and gives the rungs. */
export function makeMedia(clip, out) {
  const ffmpeg = (args, cwd = out) =>
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...args], { cwd, stdio: 'inherit' });
  const source = ['-stream_loop', '4', '-i', path.resolve(clip), '-t', '24'];
  const hls = ['-f', 'hls', '-hls_time', '4', '-hls_playlist_type', 'vod',
    '-hls_segment_type', 'fmp4', '-hls_segment_filename', '%d.m4s', 'media.m3u8'];
  for (const { name, width, height, bitrate_bps } of RUNGS) {
    const folder = path.join(out, name);
    mkdirSync(folder, { recursive: true });
    ffmpeg([...source, '-an', '-vf', `scale=${width}:${height},fps=24`, '-c:v', 'libx264',
      '-preset', 'ultrafast', '-b:v', String(bitrate_bps / 2), '-pix_fmt', 'yuv420p',
      '-g', '96', '-keyint_min', '96', '-sc_threshold', '0', ...hls], folder);
  }
  const sound = path.join(out, 'audio');
  mkdirSync(sound, { recursive: true });
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=220:sample_rate=48000', '-t', '24'];
  ffmpeg([...tone, '-c:a', 'aac', '-b:a', '64k', ...hls], sound);
  for (const [index, at] of [1, 2.5, 4].entries()) {
    ffmpeg(['-ss', String(at), '-i', path.resolve(clip), '-frames:v', '1', '-vf', 'scale=640:-2',
      `thumb-${index + 1}.jpg`]);
  }
  ffmpeg([...source, '-vf', 'fps=1/2,scale=160:90,tile=4x3', '-frames:v', '1', 'board.jpg']);
  return RUNGS;
}

/** A line of the multivariant playlist for captions in a language. */
export function captionLine(name, language) {
  return `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="${name}",LANGUAGE="${language}",` +
    `AUTOSELECT=NO,DEFAULT=NO,URI="captions/${language}.m3u8"`;
}

/** The captions themselves: `en.m3u8`, `en.vtt`. */
export function captions(response, name, send) {
  const [language, kind] = name.split('.');
  if (kind === 'm3u8') {
    return send(response, 200, 'application/vnd.apple.mpegurl', ['#EXTM3U', '#EXT-X-VERSION:7',
      '#EXT-X-TARGETDURATION:24', '#EXT-X-PLAYLIST-TYPE:VOD', '#EXTINF:24,', `${language}.vtt`,
      '#EXT-X-ENDLIST'].join('\n'));
  }
  const words = { en: 'Good morning, rabbit.', de: 'Guten Morgen, Hase.' }[language] ?? language;
  const cues = Array.from({ length: 12 }, (_, i) => {
    const at = (s) => `00:00:${String(s).padStart(2, '0')}.000`;
    return `${at(i * 2)} --> ${at(i * 2 + 2)}\n${words} (${i + 1})`;
  });
  return send(response, 200, 'text/vtt', `WEBVTT\n\n${cues.join('\n\n')}\n`);
}
