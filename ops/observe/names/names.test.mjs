// Goal: what is wrong with a rule, a dashboard or a runbook is seen, and nothing else is. Method:
// small sources of our own, each with one mistake.

import assert from "node:assert/strict";
import { test } from "node:test";
import { check, checkExpression } from "./check.mjs";
import { readList } from "./list.mjs";
import { readDashboard, readRules, readSeries, readTests } from "./sources.mjs";

const LIST = `# name | type | when | labels | help
jobs | gauge | always | state=waiting,leased | Jobs
span_seconds | histogram | always | kind | Spans
things_total | counter | always | kind outcome=ok,failed | Things
`;
const { metrics } = readList(LIST);

const says = (expr) => checkExpression(expr, metrics, new Map([["a:b:rate5m", ["kind"]]]));

test("expressions that name what exists pass", () => {
  for (const expr of [
    "jobs",
    'sum by (cluster, state) (jobs{state=~"waiting|leased",node="x"}) > 4 * 3600',
    'rate(things_total{outcome!="ok"}[5m]) / on (node) group_left () rate(things_total[5m])',
    "histogram_quantile(0.95, sum by (le, kind) (rate(span_seconds_bucket[$__rate_interval])))",
    "sum(span_seconds_sum) by (kind) / sum(span_seconds_count) by (kind)",
    "a:b:rate5m{kind='x'} and on (kind) up == 1",
    'label_replace(jobs, "to", "$1", "node", "(.*)") # by (nothing)',
    'jobs{state=~"$state"} offset 5m unless absent(jobs{state="waiting"})',
  ]) {
    assert.deepEqual(says(expr), [], expr);
  }
});

test("what does not exist is named", () => {
  const all = {
    "rate(thing_total[5m])": /^thing_total is not in metrics.txt/,
    "span_seconds > 1": /^span_seconds is not in/,
    "rate(things_total_count[5m])": /^things_total_count is not in/,
    'jobs{kind="x"}': /^jobs has no label kind$/,
    'jobs{state="waitin"}': /^jobs: state is never waitin$/,
    'things_total{outcome=~"ok|fail"}': /^things_total: outcome is never fail$/,
    "sum by (kind) (jobs)": /^by \(kind\): nothing there has this label$/,
    "sum(jobs) by (outcome) + sum(things_total)": /^by \(outcome\)/,
    "sum by (le) (span_seconds_count)": /^by \(le\)/,
    "jobs and on (outcome) a:b:rate5m": /^on \(outcome\)/,
    "sum by (state (jobs)": /has no end/,
    'sum({state="waiting"})': /without a metric/,
    "jobs ? 1": /cannot be read from "\? 1"/,
  };
  for (const [expr, wanted] of Object.entries(all)) {
    const told = says(expr);
    assert.equal(told.length, 1, `${expr}: ${told}`);
    assert.match(told[0], wanted, expr);
  }
});

test("a list that is wrong is refused", () => {
  const all = {
    "b | gauge | always | - | B\na | gauge | always | - | A": /not sorted from b/,
    "a | gauge | always | - | A\na | gauge | always | - | A": /a: is there twice/,
    "a | gauge | always | -": /five columns/,
    "a | gauge | never | - | A": /"when" is one of/,
    "a | guage | always | - | A": /the type is one of/,
    "a | counter | always | - | A": /_total/,
    "a_total | gauge | always | - | A": /_total/,
    "a | histogram | always | - | A": /no unit/,
    "A-b | gauge | always | - | A": /no name/,
  };
  for (const [text, wanted] of Object.entries(all)) {
    assert.match(readList(text).breaches.join("\n"), wanted, text);
  }
});

const RULES = `groups:
  - name: g
    rules:
      # A comment: with a colon.
      - record: kind:things:rate5m
        expr: sum by (kind) (rate(things_total[5m]))
      - alert: Old
        expr: |
          kind:things:rate5m > 1
          and on (kind) kind:things:rate5m > 2
        for: 0s
        labels: {severity: warning}
        annotations:
          summary: It is old
          description: >-
            It is {{ $value }}.
          runbook_url: ops/observe/runbooks/Old.md
`;
const TESTS = `tests:
  - input_series:
      - series: 'things_total{kind="x"}'
    alert_rule_test:
      - alertname: Old
        exp_alerts:
          - exp_labels: {kind: x}
  - alert_rule_test:
      - {alertname: Old, eval_time: 1m, exp_alerts: []}
`;

const sources = (rules, tests, more = {}) => ({
  list: LIST,
  rules: readRules(rules).map((rule) => ({ file: "rules.yml", ...rule })),
  tests: readTests(tests),
  series: readSeries(tests).map((expr) => ({ file: "test.yml", at: "series", expr })),
  queries: [],
  links: [],
  runbooks: [{ file: "runbooks/Old.md", name: "Old" }],
  texts: [],
  ...more,
});

test("rules, tests and runbooks that belong together pass", () => {
  const expr = "kind:things:rate5m > 1\nand on (kind) kind:things:rate5m > 2";
  assert.equal(readRules(RULES)[1].expr, expr);
  assert.deepEqual(check(sources(RULES, TESTS)), []);
});

test("an alert without its severity, text, runbook or tests is named", () => {
  const all = {
    "severity is": [RULES.replace("warning", "loud"), TESTS],
    "has no `for`": [RULES.replace("        for: 0s\n", ""), TESTS],
    "has no summary": [RULES.replace("summary: It is old", "other: x"), TESTS],
    "does not tell": [RULES.replace("{{ $value }}", "old"), TESTS],
    "runbook_url is not": [RULES.replace("runbooks/Old.md", "runbooks/New.md"), TESTS],
    "no test fires it": [RULES, TESTS.replace("alertname: Old\n", "alertname: Other\n")],
    "no test keeps it silent": [RULES, TESTS.replace("alertname: Old,", "alertname: Other,")],
    "things_totl is not in": [RULES, TESTS.replace("things_total", "things_totl")],
  };
  for (const [wanted, [rules, tests]] of Object.entries(all)) {
    const told = check(sources(rules, tests));
    assert.equal(told.length, 1, `${wanted}: ${told.join("\n")}`);
    assert.ok(told[0].includes(wanted), told[0]);
  }
});

test("runbooks and links that lead nowhere are named", () => {
  const gone = check(sources(RULES, TESTS, { runbooks: [] }));
  assert.deepEqual(gone, ["Old: ops/observe/runbooks/Old.md does not exist"]);
  const links = [{ file: "a.json", at: "Panel", runbook: "New" }];
  const lost = check(sources(RULES, TESTS, { links }));
  assert.deepEqual(lost, ["a.json: Panel: there is no runbook New"]);
  const runbooks = ["Old", "New"].map((name) => ({ file: `runbooks/${name}.md`, name }));
  const alone = check(sources(RULES, TESTS, { runbooks }));
  assert.deepEqual(alone, ["runbooks/New.md: no alert has this name"]);
});

test("a text that names what is no metric is named", () => {
  const text = "see `playhouse_jobs_waiting`, and playhouse_ or playhouse_x()";
  const texts = [{ file: "x.md", text }];
  const told = check(sources(RULES, TESTS, { texts }));
  assert.deepEqual(told, ["x.md: playhouse_jobs_waiting is no metric"]);
});

test("a dashboard's panels, rows and variables are all read", () => {
  const inner = { title: "Inner", targets: [{ expr: "b" }], links: [{ url: "x/Old.md" }] };
  const panels = [{ title: "Outer", targets: [{ expr: "a" }] }, { title: "Row", panels: [inner] }];
  const query = { query: 'label_values(up{job="x"}, node)' };
  const list = [{ name: "node", type: "query", query }];
  assert.deepEqual(readDashboard({ panels, templating: { list } }), {
    queries: [
      { at: "Outer", expr: "a" },
      { at: "Inner", expr: "b" },
      { at: "$node", expr: 'sum by (node) (up{job="x"})' },
    ],
    links: [{ at: "Inner", runbook: "Old" }],
  });
});
