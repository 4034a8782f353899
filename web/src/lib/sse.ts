// The parser of text/event-stream (WHATWG HTML section 9.2.6), fed piecewise: chunks end anywhere,
// also between CR and LF. Pure; the connection that feeds it is in events.ts.

/** One dispatched event. */
export interface ServerEvent {
  event: string;
  data: string;
  id: string | null;
}

/** Holds what has come of the event that is not finished yet. */
export class SseParser {
  /** Reconnection time that the server asked for, in milliseconds. */
  retryMs: number | null = null;
  private rest = '';
  private event = '';
  private data: string[] = [];
  private id: string | null = null;
  private started = false;

  /** Takes text as it comes and gives the events that it finishes. */
  push(chunk: string): ServerEvent[] {
    let text = this.rest + chunk;
    if (!this.started && text.length > 0) {
      this.started = true;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    // A CR at the end may be half of a CRLF; it waits for the next chunk.
    const held = text.endsWith('\r') ? '\r' : '';
    const lines = text.slice(0, text.length - held.length).split(/\r\n|\r|\n/);
    this.rest = (lines.pop() ?? '') + held;
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): ServerEvent[] {
    if (line === '') return this.dispatch();
    if (line.startsWith(':')) return [];
    const colon = line.indexOf(':');
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.event = value;
    else if (field === 'data') this.data.push(value);
    else if (field === 'id' && !value.includes('\0')) this.id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value);
    return [];
  }

  private dispatch(): ServerEvent[] {
    const { event, data } = this;
    this.event = '';
    this.data = [];
    if (data.length === 0) return [];
    return [{ event: event || 'message', data: data.join('\n'), id: this.id }];
  }
}

/** The wait before attempt `n` (from 0), doubling to 15 s; `random` spreads it to half its size. */
export function backoffMs(n: number, random: number): number {
  const full = Math.min(15_000, 500 * 2 ** Math.min(n, 10));
  return Math.round(full / 2 + (full / 2) * random);
}
