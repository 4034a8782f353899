// The list of metrics (metrics.txt), and what an expression may ask of each.

const TYPES = new Set(["counter", "gauge", "histogram"]);
const WHEN = new Set(["always", "cluster"]);
const PARTS = { _bucket: ["le"], _sum: [], _count: [] };
// What Prometheus says of itself about each target and alert.
const OWN = {
  up: [],
  scrape_duration_seconds: [],
  ALERTS: ["alertname", "alertstate", "severity", "engine", "kind", "rendition", "role", "stage"],
};
/** Labels that every series gets where it is collected (prometheus/prometheus.yml). */
export const TARGET = ["cluster", "instance", "job", "node"];

/** `metrics`: name to {type, when, labels: {name: values or null}, help}; `breaches`: texts. */
export function readList(text) {
  const [metrics, breaches] = [new Map(), []];
  const lines = text.split("\n").filter((line) => line && !line.startsWith("#"));
  for (const line of lines) {
    const [name, type, when, labels, help, ...more] = line.split(" | ");
    const metric = { type, when, labels: readLabels(labels ?? "-"), help };
    const what = more.length || !help ? "five columns are wanted" : wrong(name, metric, metrics);
    if (what) breaches.push(`metrics.txt: ${name}: ${what}`);
    metrics.set(name, metric);
  }
  const sorted = [...lines].sort((a, b) => (a < b ? -1 : 1));
  const at = lines.findIndex((line, index) => line !== sorted[index]);
  if (at >= 0) breaches.push(`metrics.txt: not sorted from ${lines[at].split(" ")[0]}`);
  return { metrics, breaches };
}

function readLabels(text) {
  if (text === "-") return {};
  return Object.fromEntries(
    text.split(" ").map((label) => {
      const [name, values] = label.split("=");
      return [name, values ? values.split(",") : null];
    }),
  );
}

function wrong(name, { type, when }, metrics) {
  if (metrics.has(name)) return "is there twice";
  if (!/^[a-z][a-z0-9_]*$/.test(name)) return "is no name of a metric";
  if (!TYPES.has(type)) return `the type is one of ${[...TYPES].join(", ")}`;
  if (!WHEN.has(when)) return `"when" is one of ${[...WHEN].join(", ")}`;
  if ((type === "counter") !== name.endsWith("_total")) return "_total is for counters";
  if (type === "histogram" && !/_(seconds|bytes|ratio)$/.test(name)) return "ends with no unit";
  return "";
}

/** Labels of a series by its name, as in `readList`; null when there is no such metric. */
export function labelsOf(name, metrics, records) {
  if (OWN[name]) return open(OWN[name]);
  if (records.has(name)) return open(records.get(name));
  const metric = metrics.get(name);
  if (metric) return metric.type === "histogram" ? null : metric.labels;
  const part = Object.keys(PARTS).find((ending) => name.endsWith(ending));
  const whole = part && metrics.get(name.slice(0, -part.length));
  if (whole?.type !== "histogram") return null;
  return { ...whole.labels, ...open(PARTS[part]) };
}

const open = (labels) => Object.fromEntries(labels.map((label) => [label, null]));
