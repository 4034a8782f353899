// Goal: what is committed is what the boards say, and is of the shape that Grafana reads. Method: the
// written files, held against their sources and against what we know of schema version 39.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { BOARDS, dashboard, place, text } from "./make.mjs";
import { chosen } from "./panels.mjs";

const TYPES = new Set(["row", "stat", "timeseries", "heatmap", "bargauge", "table"]);
// Ids of Grafana's units that we use; a wrong one is shown as text behind the number.
const UNITS = new Set(["short", "s", "percentunit", "reqps", "ops", "bytes", "Bps"]);
const COLORS = new Set(["green", "orange", "red"]);

const boards = Object.entries(BOARDS).map(([name, board]) => [name, dashboard(board)]);
const panels = boards.flatMap(([name, board]) =>
  board.panels.map((panel) => [`${name}: ${panel.title}`, panel]),
);
const drawn = panels.filter(([, panel]) => panel.type !== "row");

test("what is committed equals what the boards say", () => {
  for (const [name, board] of Object.entries(BOARDS)) {
    assert.equal(readFileSync(place(name), "utf8"), text(board), `${name}: run node make.mjs`);
  }
  const files = readdirSync(new URL("dashboards/", import.meta.url)).sort();
  assert.deepEqual(files, Object.keys(BOARDS).map((name) => `${name}.json`).sort());
});

test("each board is one that Grafana can tell from the others", () => {
  const uids = boards.map(([, board]) => board.uid);
  assert.equal(new Set(uids).size, boards.length);
  for (const [name, board] of boards) {
    assert.equal(board.schemaVersion, 39, name);
    assert.match(board.uid, /^[a-z-]{1,40}$/, name);
    assert.ok(board.title && board.description, name);
    const known = board.templating.list.map((variable) => variable.name);
    const used = JSON.stringify(board).matchAll(/\$\{?([a-z]+)\b/g);
    for (const [, variable] of used) assert.ok(known.includes(variable), `${name}: $${variable}`);
  }
});

test("panels have ids of their own and do not lie on each other", () => {
  for (const [name, board] of boards) {
    const ids = board.panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length, name);
    const taken = new Set();
    for (const { title, gridPos } of board.panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, `${name}: ${title} is too wide`);
      for (const cell of cells(gridPos)) {
        assert.ok(!taken.has(cell), `${name}: ${title} lies on another`);
        taken.add(cell);
      }
    }
  }
});

function* cells({ x, y, w, h }) {
  for (let at = 0; at < w * h; at += 1) yield `${x + (at % w)} ${y + Math.floor(at / w)}`;
}

test("every panel says what it shows, in a unit, with a legend", () => {
  for (const [at, panel] of drawn) {
    assert.ok(TYPES.has(panel.type), at);
    assert.ok(panel.title && panel.description, at);
    assert.ok(panel.targets.length > 0 && panel.targets.length <= 26, at);
    for (const { legendFormat, expr } of panel.targets) {
      assert.ok(legendFormat && expr, at);
      assert.ok(!/[@~]\{|\{@|\[~|"~"/.test(expr), `${at}: ${expr}`);
    }
    for (const unit of units(panel)) assert.ok(UNITS.has(unit), `${at}: ${unit}`);
  }
});

const units = ({ type, fieldConfig, options }) => {
  const all = fieldConfig.overrides.flatMap(({ properties }) => properties.map(({ value }) => value));
  return type === "table" ? all : [fieldConfig.defaults.unit ?? options.yAxis.unit];
};

test("thresholds rise and have colours that mean something", () => {
  for (const [at, { fieldConfig }] of drawn) {
    const steps = fieldConfig.defaults.thresholds?.steps ?? [{ color: "green", value: null }];
    assert.equal(steps[0].value, null, at);
    for (const [index, { color, value }] of steps.slice(1).entries()) {
      assert.ok(COLORS.has(color) && typeof value === "number", at);
      assert.ok(index === 0 || value > steps[index].value, `${at}: ${value} comes too late`);
    }
  }
});

test("a legend's labels are those that its query leaves", () => {
  for (const [at, { targets }] of drawn) {
    for (const { expr, legendFormat } of targets) {
      const groups = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, labels]) => labels.split(/, */));
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const left = groups.length === 0 ? label === "node" : groups.some((one) => one.includes(label));
        assert.ok(left, `${at}: {{${label}}} of ${expr}`);
      }
    }
  }
});

test("no column of a table is called as one of its labels", () => {
  for (const [at, { type, targets }] of drawn) {
    if (type !== "table") continue;
    const labels = targets.flatMap(({ expr }) => [...expr.matchAll(/\bby \(([^)]*)\)/g)]);
    const names = new Set(labels.flatMap(([, text]) => text.split(/, */)));
    for (const { legendFormat } of targets) assert.ok(!names.has(legendFormat), at);
  }
});

test("heat maps are made of buckets", () => {
  for (const [at, { type, targets }] of drawn) {
    if (type !== "heatmap") continue;
    assert.equal(targets[0].format, "heatmap", at);
    assert.match(targets[0].expr, /^sum by \(le\) \(\s*increase\(\w+_bucket\{/, at);
  }
});

test("words of a query become the chosen cluster and nodes", () => {
  assert.equal(chosen("rate(a{@}[~])"), 'rate(a{cluster=~"$cluster",node=~"$node"}[$__rate_interval])');
});
