// Speed and time left of an upload, from (time, bytes) samples of the last seconds: long enough to
// be calm, short enough to follow the network. Pure.

const WINDOW_MS = 8000;
const SAMPLES_MAX = 200;

/** A sliding window over what has been sent. */
export class Speedometer {
  private samples: { at: number; sent: number }[] = [];

  /** Notes that `sent` bytes in all are through at `at` milliseconds. */
  note(at: number, sent: number): void {
    const last = this.samples[this.samples.length - 1];
    // Going back means that a lost connection cost bytes; the old samples say nothing any more.
    if (last && sent < last.sent) this.samples = [];
    this.samples.push({ at, sent });
    const from = at - WINDOW_MS;
    while (this.samples.length > 2 && (this.samples[0]?.at ?? at) < from) this.samples.shift();
    if (this.samples.length > SAMPLES_MAX) this.samples.shift();
  }

  /** Forgets everything, as after a pause. */
  reset(): void {
    this.samples = [];
  }

  /** Bytes per second, or null while less than half a second is known. */
  speed(): number | null {
    const [first, last] = [this.samples[0], this.samples[this.samples.length - 1]];
    if (!first || !last || last.at - first.at < 500) return null;
    return ((last.sent - first.sent) / (last.at - first.at)) * 1000;
  }

  /** Seconds until `total` bytes are through, or null when nobody can tell. */
  left(total: number): number | null {
    const speed = this.speed();
    const last = this.samples[this.samples.length - 1];
    if (!last || !speed || speed <= 0) return null;
    return Math.max(0, total - last.sent) / speed;
  }
}
