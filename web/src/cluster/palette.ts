// A colour per node that it keeps while one looks, whoever comes or goes. Pure.

/** Colours that the style sheets know: `hue-0` to `hue-9`. With more nodes they come again; the
 * legend tells them apart. */
const HUES = 10;

/** Gives out the colours. */
export class Palette {
  private readonly known = new Map<string, number>();

  /** Gives colours to those who have none yet, by name. */
  meet(names: Iterable<string>): void {
    for (const name of [...names].sort()) this.of(name);
  }

  /** The number of a name's colour. */
  of(name: string): number {
    const found = this.known.get(name);
    if (found !== undefined) return found;
    const hue = this.known.size % HUES;
    this.known.set(name, hue);
    return hue;
  }
}
