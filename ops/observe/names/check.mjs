// Holds rules, dashboards, tests and runbooks against the list of metrics and against each other.
//
// Used: node check.mjs, which prints one line for each breach and fails when there is one;
// node check.mjs --as-rules, which prints the expressions of the dashboards as rules, for promtool.

import { pathToFileURL } from "node:url";
import { labelsOf, readList, TARGET } from "./list.mjs";
import { names } from "./promql.mjs";
import { readAll } from "./sources.mjs";

// Words of a text that can only be meant as metrics.
const METRIC_WORD = /(?<![\w.:/-])(?:playhouse|http_server|process)_[a-z0-9_]*[a-z0-9](?![\w(/-])/g;

/** Breaches of one expression, as texts. */
export function checkExpression(expr, metrics, records) {
  let named;
  try {
    named = names(expr);
  } catch (error) {
    return [error.message];
  }
  const breaches = named.metrics.flatMap((metric) => checkMetric(metric, metrics, records));
  for (const { word, labels, metrics: looked } of named.clauses) {
    const known = new Set(TARGET);
    for (const name of looked) {
      for (const label of Object.keys(labelsOf(name, metrics, records) ?? {})) known.add(label);
    }
    const unknown = labels.filter((label) => !known.has(label));
    breaches.push(...unknown.map((label) => `${word} (${label}): nothing there has this label`));
  }
  return breaches;
}

function checkMetric({ name, matchers }, metrics, records) {
  const labels = labelsOf(name, metrics, records);
  if (!labels) return [`${name} is not in metrics.txt (a histogram has _bucket, _sum, _count)`];
  return matchers.flatMap(({ label, operator, value }) => {
    if (TARGET.includes(label)) return [];
    if (!(label in labels)) return [`${name} has no label ${label}`];
    const wrong = labels[label] && !value.includes("$") && unknown(value, operator, labels[label]);
    return wrong ? [`${name}: ${label} is never ${wrong}`] : [];
  });
}

// The first value of a matcher that its label never has.
function unknown(value, operator, values) {
  const wanted = operator.endsWith("~") ? value.split("|") : [value];
  return wanted.find((one) => !values.some((known) => fits(known, one, operator)));
}
const fits = (known, one, operator) =>
  operator.endsWith("~") ? new RegExp(`^(?:${one})$`).test(known) : known === one;

// The labels that are left of a recording rule.
function recordLabels(expr) {
  const labels = names(expr).clauses.flatMap((clause) => clause.labels);
  return [...new Set(labels)].filter((label) => label !== "le");
}

function checkAlert(alert, sources) {
  const { name, severity, summary, description, runbook_url } = alert;
  const path = `ops/observe/runbooks/${name}.md`;
  const tests = sources.tests.filter((test) => test.alert === name);
  const wrong = {
    "severity is page or warning": !["page", "warning"].includes(severity),
    "has no `for`": alert.for === undefined,
    "has no summary": !summary,
    "its description does not tell {{ $value }}": !/\{\{ *\$value/.test(description ?? ""),
    [`runbook_url is not ${path}`]: runbook_url !== path,
    [`${path} does not exist`]: !sources.runbooks.some((runbook) => runbook.name === name),
    "no test fires it": !tests.some((test) => test.fires),
    "no test keeps it silent": !tests.some((test) => !test.fires),
  };
  return Object.keys(wrong).filter((what) => wrong[what]).map((what) => `${name}: ${what}`);
}

function checkWords({ file, text }, metrics) {
  const words = [...text.matchAll(METRIC_WORD)].map(([word]) => word);
  const known = (word) => metrics.has(word) || labelsOf(word, metrics, new Map());
  return words.filter((word) => !known(word)).map((word) => `${file}: ${word} is no metric`);
}

/** Every breach of the files of a folder, as texts. */
export function check(sources) {
  const { metrics, breaches } = readList(sources.list);
  const records = new Map();
  for (const { file, kind, name, expr } of sources.rules) {
    const told = checkExpression(expr, metrics, records).map((what) => `${file}: ${name}: ${what}`);
    breaches.push(...told);
    if (kind === "record" && !told.length) records.set(name, recordLabels(expr));
  }
  const alerts = sources.rules.filter(({ kind }) => kind === "alert");
  breaches.push(...alerts.flatMap((alert) => checkAlert(alert, sources)));
  for (const { file, at, expr } of [...sources.queries, ...sources.series]) {
    const told = checkExpression(expr, metrics, records);
    breaches.push(...told.map((what) => `${file}: ${at}: ${what}`));
  }
  for (const { file, name } of sources.runbooks) {
    const wanted = alerts.some((alert) => alert.name === name);
    if (!wanted) breaches.push(`${file}: no alert has this name`);
  }
  for (const { file, at, runbook } of sources.links) {
    if (!sources.runbooks.some(({ name }) => name === runbook)) {
      breaches.push(`${file}: ${at}: there is no runbook ${runbook}`);
    }
  }
  return [...breaches, ...sources.texts.flatMap((text) => checkWords(text, metrics))];
}

// JSON is YAML, so promtool reads it.
function asRules({ queries }) {
  const rule = ({ expr }, at) => ({ record: `dashboards:query:${at}`, expr: plain(expr) });
  const rules = queries.map(rule);
  return JSON.stringify({ groups: [{ name: "dashboards", rules }] });
}
const plain = (expr) => expr.replace(/\$__(rate_interval|interval|range)/g, "5m");

function main(words) {
  const sources = readAll(new URL("../", import.meta.url));
  if (words[0] === "--as-rules") {
    process.stdout.write(asRules(sources));
    return;
  }
  const breaches = check(sources);
  process.stdout.write(breaches.map((what) => `${what}\n`).join(""));
  const { rules, queries } = sources;
  const looked = `${rules.length} rules, ${queries.length} queries`;
  process.stdout.write(`${looked}: ${breaches.length} breaches\n`);
  process.exitCode = breaches.length ? 1 : 0;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(process.argv.slice(2));
