// What an expression of PromQL names: metrics, with the labels that they are chosen by, and the
// labels that it groups or joins by, each with the metrics that it looks at there.
//
// Only that is read here; whether an expression is valid at all is promtool's to say.

const TOKEN = new RegExp(
  [
    /\s+|#[^\n]*/,
    /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`/,
    /[0-9][\w.]*|\$?[A-Za-z_:][\w:]*/,
    /=~|!~|!=|==|>=|<=|[-+*/%^(){}[\],=<>@:]/,
  ]
    .map(({ source }) => source)
    .join("|"),
  "y",
);
const NOT_METRICS = new Set([
  "and", "or", "unless", "bool", "offset", "inf", "nan", "atan2", "sum", "min", "max", "avg",
  "count", "topk", "bottomk", "quantile", "stddev", "stdvar", "group", "count_values",
]);
const GROUPS = new Set(["by", "without"]);
const JOINS = new Set(["on", "ignoring", "group_left", "group_right"]);
const OPENING = { "(": ")", "[": "]", "{": "}" };

function tokens(expr) {
  const found = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expr.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(expr);
    if (!match) throw new Error(`cannot be read from ${JSON.stringify(expr.slice(at, at + 20))}`);
    if (!/^(\s|#)/.test(match[0])) found.push(match[0]);
  }
  return found;
}

// The place of the bracket that ends the one at `from`.
function closing(all, from) {
  const [open, close] = [all[from], OPENING[all[from]]];
  for (let at = from, depth = 0; at < all.length; at += 1) {
    if (all[at] === open) depth += 1;
    if (all[at] === close) depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(`${open} has no end`);
}

// The place of the bracket that the one at `from` ends.
function opening(all, from) {
  for (let at = from, depth = 0; at >= 0; at -= 1) {
    if (all[at] === ")") depth += 1;
    if (all[at] === "(") depth -= 1;
    if (depth === 0) return at;
  }
  throw new Error(") has no beginning");
}

function matchers(all, from, to) {
  const found = [];
  for (let at = from + 1; at < to; at += 4) {
    const [label, operator, value] = all.slice(at, at + 3);
    found.push({ label, operator, value: value.slice(1, -1) });
  }
  return found;
}

// What `by (…)` at a place groups: the brackets behind it, else those before.
function scope(all, at, end) {
  if (all[end + 1] === "(") return [end + 1, closing(all, end + 1)];
  if (all[at - 1] === ")") return [opening(all, at - 1), at - 1];
  throw new Error(`${all[at]} groups nothing`);
}

/**
 * `metrics`: [{name, matchers: [{label, operator, value}]}]; `clauses`: [{word, labels, metrics}],
 * where metrics are the names of what the clause looks at.
 */
export function names(expr) {
  const all = tokens(expr);
  const [metrics, clauses] = [[], []];
  for (let at = 0; at < all.length; at += 1) {
    const word = all[at].toLowerCase();
    if (word === "[") {
      at = closing(all, at);
    } else if ((GROUPS.has(word) || JOINS.has(word)) && all[at + 1] === "(") {
      const end = closing(all, at + 1);
      const labels = all.slice(at + 2, end).filter((token) => token !== ",");
      const [from, to] = GROUPS.has(word) ? scope(all, at, end) : [0, all.length];
      clauses.push({ word, labels, from, to });
      at = end;
    } else if (/^[a-z_:]/i.test(word) && all[at + 1] !== "(" && !isWord(word)) {
      const chosen = all[at + 1] === "{" ? closing(all, at + 1) : at;
      metrics.push({ name: all[at], at, matchers: matchers(all, at + 1, chosen) });
      at = chosen;
    } else if (word === "{") {
      throw new Error("a selector without a metric's name");
    }
  }
  const looking = (clause) => ({ ...clause, metrics: within(metrics, clause) });
  return { metrics, clauses: clauses.map(looking) };
}

const isWord = (word) => NOT_METRICS.has(word) || GROUPS.has(word) || JOINS.has(word);
const within = (metrics, { from, to }) =>
  metrics.filter(({ at }) => at >= from && at <= to).map(({ name }) => name);
