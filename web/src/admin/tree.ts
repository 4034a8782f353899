// From pages to lines: the tree that is drawn is the first page with the branches that have been
// opened put below their actors. Pure; what is not loaded is never drawn, so the page stays small.

import type { ActorView } from './types';

/** Levels below the node that the first page holds; deeper ones are loaded when opened. */
export const PAGE_DEPTH = 2;
/** Actors that a branch or list shows at first, and by how many it grows. */
export const STEP = 100;
/** More than this is not shown below one actor; searching narrows it. */
export const SHOWN_MAX = 1000;

/** The loaded children of one actor, or a flat list. */
export interface Part {
  actors: ActorView[];
  /** Asked for at most so many. */
  limit: number;
  /** There are more than were asked for. */
  more: boolean;
  /** Why it could not be loaded. */
  problem: string | null;
}

/** One line of the tree. */
export type Line = ActorLine | MoreLine;

export interface ActorLine {
  type: 'actor';
  key: string;
  view: ActorView;
  /** 1 for the outermost. */
  level: number;
  /** Null when there is nothing below. */
  open: boolean | null;
  /** Its place among its loaded siblings, from 1, and their number. */
  position: number;
  size: number;
  /** Something below it needs attention. */
  trouble: boolean;
}

/** The line that ends a part which is not shown whole. */
export interface MoreLine {
  type: 'more';
  key: string;
  /** Path of the part; null for the first page and for flat lists. */
  under: string | null;
  level: number;
  shown: number;
  limit: number;
  more: boolean;
  problem: string | null;
  loading: boolean;
}

/** What was opened and closed by hand; the rest is open if it is a supervisor or the node. */
export type Choices = ReadonlyMap<string, boolean>;

/** The lines to draw, and the paths whose branches have to be loaded for them. */
export interface Drawn {
  lines: Line[];
  wanted: string[];
}

/** True when `path` lies below `above`. */
export function isBelow(path: string, above: string): boolean {
  return above === '' ? path !== '' : path.startsWith(`${above}/`);
}

/** Lays the tree out. `troubled` holds the paths that need attention. */
export function layTree(
  root: Part,
  branches: ReadonlyMap<string, Part>,
  choices: Choices,
  troubled: readonly string[],
): Drawn {
  const below = groupByParent(root.actors);
  const known = new Set(root.actors.map((view) => view.path));
  const tops = root.actors.filter((view) => view.parent === null || !known.has(view.parent));
  const lines: Line[] = [];
  const wanted: string[] = [];
  const draw = (views: readonly ActorView[], level: number): void =>
    views.forEach((view, index) => {
      const open = isOpen(view, choices);
      const trouble = troubled.some((path) => isBelow(path, view.path));
      lines.push({ type: 'actor', key: view.path, view, level, open, trouble,
        position: index + 1, size: views.length });
      if (!open) return;
      if (level <= PAGE_DEPTH) return draw(below.get(view.path) ?? [], level + 1);
      wanted.push(view.path);
      const branch = branches.get(view.path);
      const children = (branch?.actors ?? []).filter((child) => child.parent === view.path);
      draw(children, level + 1);
      const end = moreLine(view.path, level + 1, branch, children.length);
      if (end) lines.push(end);
    });
  draw(tops, 1);
  const end = moreLine(null, 1, root, root.actors.length);
  if (end) lines.push(end);
  return { lines, wanted };
}

/** Lays a flat list out in the order in which it came. */
export function layList(part: Part): Drawn {
  const size = part.actors.length;
  const lines: Line[] = part.actors.map((view, index) => ({ type: 'actor', key: view.path, view,
    level: 1, open: null, trouble: false, position: index + 1, size }));
  const end = moreLine(null, 1, part, size);
  if (end) lines.push(end);
  return { lines, wanted: [] };
}

function isOpen(view: ActorView, choices: Choices): boolean | null {
  const holds = view.role === 'node' || view.role === 'supervisor' || view.role === 'kind';
  if (view.children === 0 && !(holds && choices.get(view.path))) return null;
  return choices.get(view.path) ?? (view.role === 'node' || view.role === 'supervisor');
}

function groupByParent(views: readonly ActorView[]): Map<string, ActorView[]> {
  const groups = new Map<string, ActorView[]>();
  for (const view of views) {
    if (view.parent === null) continue;
    const group = groups.get(view.parent);
    if (group) group.push(view);
    else groups.set(view.parent, [view]);
  }
  return groups;
}

function moreLine(
  under: string | null,
  level: number,
  part: Part | undefined,
  shown: number,
): MoreLine | null {
  const loading = part === undefined;
  const { more, problem, limit } = part ?? { more: false, problem: null, limit: STEP };
  if (!more && !loading && problem === null) return null;
  return { type: 'more', key: `more:${under ?? ''}`, under, level, shown, limit, more, problem,
    loading };
}

/** `next` in the order of `before` as far as it was there: nothing jumps under a pointer. */
export function heldOrder(before: readonly string[], next: readonly ActorView[]): ActorView[] {
  const place = new Map(before.map((path, index) => [path, index]));
  const old = (view: ActorView): number => place.get(view.path) ?? before.length;
  return [...next].sort((a, b) => old(a) - old(b));
}
