// What is told about one content while it is made: the content, its progress, and the end.

import type { ApiError } from './api';
import { followStream } from './stream';
import type { Content, Progress } from './types';

/** What a listener is told. */
export interface Listener {
  content?(content: Content): void;
  progress?(progress: Progress): void;
  /** The server has nothing more to tell. */
  end?(): void;
  /** The server refused for good (401, 403, 404). */
  refused?(error: ApiError): void;
  /** True while connected; false while it waits to try again. */
  connected?(up: boolean): void;
}

/** Follows one content until the returned function is called. */
export function followContent(id: string, listener: Listener): () => void {
  return followStream(`/api/v1/content/${encodeURIComponent(id)}/events`, {
    event: (name, data) => tell(listener, name, data),
    refused: (error) => listener.refused?.(error),
    connected: (up) => listener.connected?.(up),
  });
}

function tell(listener: Listener, name: string, data: string): boolean {
  if (name === 'content') listener.content?.(JSON.parse(data) as Content);
  else if (name === 'progress') listener.progress?.(JSON.parse(data) as Progress);
  else if (name === 'end') listener.end?.();
  return name === 'end';
}
