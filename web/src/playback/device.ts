// Which device plays: an id that this browser keeps, and a name that a person recognises.

import type { Device } from './types';

const KEY = 'playhouse.device';

/** This browser's device; without storage it is a new one for each page. */
export function thisDevice(): Device {
  const touch = navigator.maxTouchPoints > 1;
  return { id: keptId(), ...describe(navigator.userAgent, touch) };
}

/** Name and kind by the user agent; an iPad calls itself a Mac, but one with a touch screen. */
export function describe(agent: string, touch: boolean): Pick<Device, 'name' | 'kind'> {
  const browser = firstOf(BROWSERS, agent) ?? 'Browser';
  const tabletMac = touch && /Macintosh/.test(agent);
  const system = tabletMac ? 'iPad' : firstOf(SYSTEMS, agent);
  const name = system ? `${browser} on ${system}` : browser;
  return { name, kind: kindOf(agent, tabletMac) };
}

// The first that matches names it: Chrome calls itself Safari, Edge calls itself Chrome.
const BROWSERS: readonly [RegExp, string][] = [
  [/Edg(e|A|iOS)?\//, 'Edge'],
  [/OPR\/|Opera/, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\/|Chromium\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/SMART-TV|SmartTV|Tizen|Web0S|webOS|GoogleTV|AppleTV|BRAVIA|\bTV\b/i, 'TV'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Macintosh|Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

function firstOf(table: readonly [RegExp, string][], agent: string): string | null {
  return table.find(([pattern]) => pattern.test(agent))?.[1] ?? null;
}

function kindOf(agent: string, tabletMac: boolean): Device['kind'] {
  const system = firstOf(SYSTEMS, agent);
  if (system === 'TV') return 'tv';
  if (tabletMac || system === 'iPad') return 'tablet';
  if (system === 'iPhone') return 'mobile';
  if (system === 'Android') return /Mobile/.test(agent) ? 'mobile' : 'tablet';
  return system ? 'desktop' : 'other';
}

function keptId(): string {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept) return kept;
    const made = newId();
    localStorage.setItem(KEY, made);
    return made;
  } catch {
    return newId();
  }
}

/** 128 random bits; `crypto.randomUUID` is missing on plain HTTP. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
