// Work that is done again after a while, never twice at once. Somebody else's clock drives it, so
// that a hidden page asks nothing.

/** One thing to ask for again and again. */
export class Poll {
  private due = 0;
  private running = false;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly everyMs: () => number,
  ) {}

  /** Starts the work when its time has come. `now` in milliseconds. */
  tick(now: number): void {
    if (this.running || now < this.due) return;
    this.running = true;
    this.due = now + this.everyMs();
    void this.work().finally(() => (this.running = false));
  }

  /** Makes it due at once. */
  soon(): void {
    this.due = 0;
  }
}
