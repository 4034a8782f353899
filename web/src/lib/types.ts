// The JSON that the node speaks (API version 1), as far as the pages read it.

export type Status = 'draft' | 'uploading' | 'processing' | 'published' | 'blocked' | 'failed';
export type RenditionState = 'waiting' | 'encoding' | 'complete' | 'failed';

export interface Rendition {
  name: string;
  kind: 'video' | 'audio';
  state: RenditionState;
  /** 0 to 1. */
  progress: number;
  attempts: number;
  width?: number | null;
  height?: number | null;
  bitrate_bps?: number | null;
}

export interface Thumbnail {
  url: string;
  width: number;
  height: number;
  at_s: number;
}

/** One picture of tiles, row by row, a tile every `interval_s`. */
export interface Storyboard {
  url: string;
  columns: number;
  rows: number;
  tile_width: number;
  tile_height: number;
  interval_s: number;
}

/** What lists say of a content; some of it only the whole content has. */
export interface Summary {
  id: string;
  title: string;
  description: string;
  kind: 'video' | 'audio' | null;
  status: Status;
  duration_s: number | null;
  created_at: string;
  published_at: string | null;
  hls: string | null;
  thumbnails: Thumbnail[];
  storyboard: Storyboard | null;
  /** Settled views; lists have them. */
  views?: number;
  /** Among the most watched now. */
  hot?: boolean;
  language?: string | null;
  stage?: string | null;
  owner?: string | null;
  owner_is_me?: boolean;
  renditions?: Rendition[];
  blocked_reason?: { code: string; detail: string } | null;
}

/** A whole content. */
export interface Content extends Summary {
  renditions: Rendition[];
  dash: string | null;
  blocked_reason: { code: string; detail: string } | null;
  owner_is_me: boolean;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Me {
  subject: string;
  role: string;
  /** Nobody is signed in; the node knows the browser by a cookie. */
  anonymous?: boolean;
}

/** The numbers of a content that change while one looks. */
export interface Engagement {
  views: { live: number; settled: number };
  viewers_now: number;
  unique_viewers: number;
  likes: number;
  watch_time_s: number;
  /** Whether the caller likes it; a stream does not say. */
  liked?: boolean;
}

export interface DeadLetter {
  id: string;
  content_id: string;
  rendition: string | null;
  reason: string;
  attempts: number;
  created_at: string;
  replayed_at: string | null;
}

/** How far a running job has come, for the renditions that it makes. */
export interface Progress {
  renditions: string[];
  progress: number;
}
