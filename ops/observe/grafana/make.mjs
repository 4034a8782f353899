// Writes dashboards/*.json from boards/*.mjs: node make.mjs; with --check it only compares them.
//
// A board is {uid, title, help, rows: [[title, [panel, …]], …]}; the words of a panel are in
// panels.mjs. Its place follows from the order: from left to right, a new line where it is full.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import cluster from "./boards/cluster.mjs";
import engagement from "./boards/engagement.mjs";
import media from "./boards/media.mjs";
import platform from "./boards/platform.mjs";
import { chosen, panel, SIZES } from "./panels.mjs";

/** The boards by the names of their files. */
export const BOARDS = { platform, media, engagement, cluster };

const COLUMNS = 24;
const SOURCE = { type: "prometheus", uid: "${datasource}" };

/** The JSON of a board, for Grafana 11 (schema version 39). */
export function dashboard({ uid, title, help, rows }) {
  return {
    annotations: { list: [builtIn(), starts()] },
    description: help,
    editable: false,
    fiscalYearStartMonth: 0,
    graphTooltip: 1,
    id: null,
    links: [others()],
    panels: placed(rows),
    refresh: "10s",
    schemaVersion: 39,
    tags: ["playhouse"],
    templating: { list: variables() },
    time: { from: "now-1h", to: "now" },
    timepicker: {},
    timezone: "browser",
    title,
    uid,
    version: 1,
    weekStart: "",
  };
}

function placed(rows) {
  const panels = [];
  let y = 0;
  for (const [title, words] of rows) {
    const gridPos = { h: 1, w: COLUMNS, x: 0, y };
    const id = panels.length + 1;
    panels.push({ id, type: "row", title, collapsed: false, gridPos, panels: [] });
    y += 1;
    let [x, tallest] = [0, 0];
    for (const one of words) {
      const [w, h] = [one.w ?? SIZES[one.type][0], SIZES[one.type][1]];
      if (x + w > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
      panels.push(panel(one, panels.length + 1, { h, w, x, y }));
      [x, tallest] = [x + w, Math.max(tallest, h)];
    }
    y += tallest;
  }
  return panels;
}

const builtIn = () => ({
  builtIn: 1,
  datasource: { type: "grafana", uid: "-- Grafana --" },
  enable: true,
  hide: true,
  iconColor: "rgba(0, 211, 255, 1)",
  name: "Annotations & Alerts",
  type: "dashboard",
});

// A start explains what jumps.
const starts = () => ({
  datasource: SOURCE,
  enable: true,
  expr: chosen("changes(process_start_time_seconds{@}[1m]) > 0"),
  hide: false,
  iconColor: "blue",
  name: "Starts of nodes",
  step: "30s",
  titleFormat: "{{node}} started",
});

const others = () => ({
  asDropdown: true,
  icon: "external link",
  includeVars: true,
  keepTime: true,
  tags: ["playhouse"],
  targetBlank: false,
  title: "Playhouse",
  type: "dashboards",
});

const variables = () => [
  {
    hide: 0,
    includeAll: false,
    label: "Prometheus",
    multi: false,
    name: "datasource",
    options: [],
    query: "prometheus",
    refresh: 1,
    regex: "",
    type: "datasource",
  },
  choice("cluster", "Cluster", 'up{job="playhouse"}'),
  choice("node", "Node", 'up{job="playhouse",cluster=~"$cluster"}'),
  constant("runbooks", "Where the folder ops/observe/runbooks is served", "ops/observe/runbooks"),
];

const choice = (name, label, of) => ({
  allValue: ".*",
  current: { selected: true, text: ["All"], value: ["$__all"] },
  datasource: SOURCE,
  definition: `label_values(${of}, ${name})`,
  hide: 0,
  includeAll: true,
  label,
  multi: true,
  name,
  options: [],
  query: { qryType: 1, query: `label_values(${of}, ${name})`, refId: "Variable" },
  refresh: 2,
  regex: "",
  sort: 7,
  type: "query",
});

const constant = (name, label, value) => ({
  current: { selected: false, text: value, value },
  hide: 2,
  label,
  name,
  options: [],
  query: value,
  skipUrlSync: true,
  type: "constant",
});

/** The text of a board's file. */
export const text = (board) => `${JSON.stringify(dashboard(board), null, 2)}\n`;
/** Where it lies. */
export const place = (name) => new URL(`dashboards/${name}.json`, import.meta.url);

function main(words) {
  mkdirSync(new URL("dashboards/", import.meta.url), { recursive: true });
  for (const [name, board] of Object.entries(BOARDS)) {
    if (words[0] !== "--check") {
      writeFileSync(place(name), text(board));
    } else if (readFileSync(place(name), "utf8") !== text(board)) {
      process.stdout.write(`dashboards/${name}.json is not of its source: run node make.mjs\n`);
      process.exitCode = 1;
    }
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
