// Decisions about the renditions of a content. Pure.

import type { Content, Progress, Rendition } from './types';

/** The content with a job's finer progress worked in; what is complete or lost stays so. */
export function withProgress(content: Content, told: Progress): Content {
  const renditions = content.renditions.map((rendition) => {
    const running = rendition.state === 'waiting' || rendition.state === 'encoding';
    if (!running || !told.renditions.includes(rendition.name)) return rendition;
    const progress = Math.max(rendition.progress, Math.min(1, told.progress));
    return { ...rendition, state: 'encoding' as const, progress };
  });
  return { ...content, renditions };
}

/** Names of the renditions that play as a whole, in order. */
export function completeNames(content: Content): string[] {
  return content.renditions.filter((r) => r.state === 'complete').map((r) => r.name);
}

/** True while something is still being made. */
export function isGrowing(content: Content): boolean {
  if (content.status === 'uploading' || content.status === 'processing') return true;
  if (content.status !== 'published' && content.status !== 'draft') return false;
  return content.renditions.some((r) => r.state === 'waiting' || r.state === 'encoding');
}

/** The name that a quality is known by: its rendition's, else its shorter side. */
export function qualityName(
  size: { width: number; height: number; bitrate: number },
  renditions: readonly Rendition[],
): string {
  if (!size.height) return `${Math.round(size.bitrate / 1000)} kbit/s`;
  const same = renditions.find((r) => r.width === size.width && r.height === size.height);
  return same?.name ?? `${Math.min(size.width || size.height, size.height)}p`;
}

/** What a status is called, and the colour family that says how it stands. */
export const STATUS_WORDS: Readonly<Record<Content['status'], { word: string; tone: string }>> = {
  draft: { word: 'Draft', tone: 'quiet' },
  uploading: { word: 'Uploading', tone: 'busy' },
  processing: { word: 'Processing', tone: 'busy' },
  published: { word: 'Published', tone: 'good' },
  blocked: { word: 'Blocked', tone: 'bad' },
  failed: { word: 'Failed', tone: 'bad' },
};
