// One file on its way: tus 1.0.0 through tus-js-client, which remembers unfinished uploads in this
// browser, so that the same file goes on after a reload. A lost connection is waited out.

import { Upload, type DetailedError } from 'tus-js-client';
import { errorFromBody } from '../lib/api';
import { token } from '../lib/session';

export const ENDPOINT = '/api/v1/uploads';

const RETRY_DELAYS_MS = [0, 1000, 2000, 4000, 8000, 15_000, 30_000, 30_000, 60_000];
const CONTENT_KEY = 'playhouse.upload-contents';
const REMEMBERED_MAX = 100;

/** What a transfer tells. */
export interface TransferListener {
  progress(sent: number, total: number): void;
  /** It waits for the connection or the server. */
  waiting(): void;
  done(contentId: string | null): void;
  failed(message: string): void;
}

/** The words that go with a file. */
export interface Words {
  title: string;
  description: string;
  language: string;
}

/** Sends one file; `start` after `pause` goes on where it was. */
export class Transfer {
  contentId: string | null = null;
  private readonly upload: Upload;
  private restart: (() => void) | null = null;

  constructor(file: File, words: Words, private readonly listener: TransferListener) {
    this.upload = new Upload(file, {
      endpoint: ENDPOINT,
      retryDelays: RETRY_DELAYS_MS,
      removeFingerprintOnSuccess: true,
      storeFingerprintForResuming: true,
      metadata: metadata(file, words),
      onBeforeRequest: (request) => {
        const stored = token();
        const ours = new URL(request.getURL(), location.href).origin === location.origin;
        if (stored && ours) request.setHeader('Authorization', `Bearer ${stored}`);
      },
      onAfterResponse: (_, response) => {
        const id = response.getHeader('Playhouse-Content-Id');
        if (id) this.contentId = id;
      },
      onUploadUrlAvailable: () => this.rememberContent(),
      onProgress: (sent, total) => listener.progress(sent, total ?? file.size),
      onShouldRetry: (error) => this.shouldRetry(error as DetailedError),
      onSuccess: () => this.finish(),
      onError: (error) => this.fail(error as DetailedError),
    });
  }

  /** Starts, or goes on with what an earlier visit left unfinished. */
  async start(): Promise<void> {
    const [earlier] = this.upload.url ? [] : await this.upload.findPreviousUploads();
    if (earlier) this.upload.resumeFromPreviousUpload(earlier);
    this.upload.start();
  }

  /** Stops sending; what the server has stays there. */
  async pause(): Promise<void> {
    this.forgetRestart();
    await this.upload.abort();
  }

  /** Stops and tells the server to throw away what it has. */
  async cancel(): Promise<void> {
    this.forgetRestart();
    await this.upload.abort(true);
  }

  private finish(): void {
    const id = this.contentId ?? remembered()[this.upload.url ?? ''] ?? null;
    this.listener.done(id);
  }

  private shouldRetry(error: DetailedError): boolean {
    const status = error.originalResponse?.getStatus() ?? 0;
    const again = status === 0 || status >= 500 || [408, 409, 423, 425, 429, 460].includes(status);
    if (again) this.listener.waiting();
    return again;
  }

  private fail(error: DetailedError): void {
    const response = error.originalResponse;
    if (!response && !navigator.onLine) return this.waitForNetwork();
    if (!response) {
      this.listener.failed('The server cannot be reached. What was sent is kept: resume later.');
      return;
    }
    const status = response.getStatus();
    const fallback = `The server refused the upload with status ${status}.`;
    this.listener.failed(errorFromBody(status, response.getBody(), fallback).message);
  }

  private waitForNetwork(): void {
    this.listener.waiting();
    this.restart = () => {
      this.forgetRestart();
      this.upload.start();
    };
    addEventListener('online', this.restart);
  }

  private forgetRestart(): void {
    if (this.restart) removeEventListener('online', this.restart);
    this.restart = null;
  }

  /** Keeps which content an upload address belongs to: only the creation answer must say it. */
  private rememberContent(): void {
    if (!this.contentId || !this.upload.url) return;
    const all = Object.entries({ ...remembered(), [this.upload.url]: this.contentId });
    try {
      const kept = Object.fromEntries(all.slice(-REMEMBERED_MAX));
      localStorage.setItem(CONTENT_KEY, JSON.stringify(kept));
    } catch {
      // Without storage nothing can be resumed after a reload either.
    }
  }
}

function remembered(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(CONTENT_KEY) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

function metadata(file: File, words: Words): Record<string, string> {
  const all = { filename: file.name, filetype: file.type, ...words };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

/** Names and sizes of uploads that an earlier visit left unfinished. */
export function unfinished(): { name: string; size: number }[] {
  const found: { name: string; size: number }[] = [];
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i) ?? '';
      if (!key.startsWith('tus::')) continue;
      const entry = JSON.parse(localStorage.getItem(key) ?? '{}') as
        { size?: number; metadata?: Record<string, string> };
      found.push({ name: entry.metadata?.filename ?? 'a file', size: entry.size ?? 0 });
    }
  } catch {
    return [];
  }
  return found;
}
