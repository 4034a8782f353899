// Reads the files of ops/observe that name metrics.
//
// Of YAML only the shape is read in which our rules and tests are written; ops/observe/check
// compares the number of rules with what promtool counts, so that none is overlooked.

import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";

/** Rules of a file, in order: {kind, name, expr, and the other keys as text}. */
export function readRules(text) {
  const [rules, lines] = [[], text.split("\n")];
  for (let at = 0; at < lines.length; at += 1) {
    const match = /^( *)(- )?([a-z_]+):(?: (.*))?$/.exec(lines[at]);
    if (!match) continue;
    const [, blanks, dash, key, value = ""] = match;
    if (dash && (key === "record" || key === "alert")) rules.push({ kind: key, name: value });
    else if (rules.length) rules.at(-1)[key] ??= whole(value, lines, at, blanks.length);
  }
  for (const rule of rules) rule.severity = /severity: (\w+)/.exec(rule.labels ?? "")?.[1];
  return rules;
}

// A value in one line, or a block of lines that are further in than its key.
function whole(value, lines, at, indent) {
  if (!/^[|>]-?$/.test(value)) return value;
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => line.trim() && line.search(/\S/) <= indent);
  return rest.slice(0, end < 0 ? rest.length : end).map((line) => line.trim()).join("\n").trim();
}

/** {alert, fires} for each time that a test asks about an alert. */
export function readTests(text) {
  const asked = text.split(/alertname: /).slice(1);
  const fires = (rest) => !/exp_alerts: *\[\]/.test(rest);
  return asked.map((rest) => ({ alert: /^\w+/.exec(rest)?.[0], fires: fires(rest) }));
}

/** The series that a test feeds. */
export const readSeries = (text) => [...text.matchAll(/series: '(.*)'$/gm)].map(([, expr]) => expr);

/** Expressions and links to runbooks of a dashboard, with what has them. */
export function readDashboard(dashboard) {
  const [queries, links] = [[], []];
  const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  for (const panel of panels) {
    for (const { expr } of panel.targets ?? []) queries.push({ at: panel.title, expr });
    for (const { url } of panel.links ?? []) {
      links.push({ at: panel.title, runbook: basename(url, ".md") });
    }
  }
  const marks = dashboard.annotations?.list ?? [];
  for (const { name, expr } of marks.filter((mark) => mark.expr)) queries.push({ at: name, expr });
  for (const { name, type, query } of dashboard.templating.list) {
    const [, of, label] = /^label_values\((.*), *(\w+)\)$/.exec(query?.query ?? "") ?? [];
    if (type === "query") queries.push({ at: `$${name}`, expr: `sum by (${label}) (${of})` });
  }
  return { queries, links };
}

/** Everything that `check` looks at, of the folder ops/observe. */
export function readAll(folder) {
  const read = (path) => readFileSync(new URL(path, folder), "utf8");
  const list = (path, ending) => {
    const all = readdirSync(new URL(path, folder)).filter((name) => name.endsWith(ending));
    return all.sort().map((name) => path + name);
  };
  // Recording rules first: the others ask for them.
  const rules = list("prometheus/rules/", ".yml")
    .flatMap((file) => readRules(read(file)).map((rule) => ({ file, ...rule })))
    .sort((a, b) => (a.kind === b.kind ? 0 : a.kind === "record" ? -1 : 1));
  const tests = list("prometheus/tests/", ".yml");
  const board = (file) => ({ file, ...readDashboard(JSON.parse(read(file))) });
  const boards = list("grafana/dashboards/", ".json").map(board);
  const runbooks = list("runbooks/", ".md");
  const others = ["prometheus/prometheus.yml", "logs/otel-collector.yml", "README.md"];
  const texts = [...runbooks, ...others];
  return {
    list: read("metrics.txt"),
    rules,
    tests: tests.flatMap((file) => readTests(read(file))),
    series: tests.flatMap((file) => {
      return readSeries(read(file)).map((expr) => ({ file, at: "series", expr }));
    }),
    queries: boards.flatMap(({ file, queries }) => queries.map((query) => ({ file, ...query }))),
    links: boards.flatMap(({ file, links }) => links.map((link) => ({ file, ...link }))),
    runbooks: runbooks.map((file) => ({ file, name: basename(file, ".md") })),
    texts: texts.map((file) => ({ file, text: read(file) })),
  };
}
