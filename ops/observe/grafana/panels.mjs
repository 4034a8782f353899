// One panel of a dashboard from a few words: {type, title, help, of, unit, …} to Grafana's JSON.
//
// The words of a panel: `type`; `title`; `help` (what it shows, and when it is bad); `of`, each
// legend with its query, in which @ stands for the chosen cluster and nodes and [~] for a window
// that fits the picture; `unit` of Grafana; `w` of 24 columns; `limits`, [[value, colour], …], drawn
// as lines and colours; `alert`, whose runbook is linked; `stack`; `max`; `none`, what a number says
// without data; of a table `hide`, columns that are not shown, and `units` of columns.

const SOURCE = { type: "prometheus", uid: "${datasource}" };
const CHOSEN = 'cluster=~"$cluster",node=~"$node"';
const WINDOW = "[$__rate_interval]";
const HIDDEN = { legend: false, tooltip: false, viz: false };
const LAST = { calcs: ["lastNotNull"], fields: "", values: false };

/** Columns and rows of the grid that each type takes, unless a panel says otherwise. */
export const SIZES = {
  stat: [4, 4],
  timeseries: [8, 8],
  heatmap: [8, 8],
  bargauge: [8, 8],
  table: [24, 8],
};

const SHAPES = { stat, timeseries, heatmap, bargauge, table };

/** The JSON of a panel at a place of the grid. */
export function panel(words, id, gridPos) {
  const links = (words.alert ? [words.alert].flat() : []).map((alert) => ({
    title: `Runbook: ${alert}`,
    url: `\${runbooks}/${alert}.md`,
    targetBlank: true,
  }));
  return {
    id,
    type: words.type,
    title: words.title,
    description: words.help,
    datasource: SOURCE,
    gridPos,
    links,
    targets: targets(words),
    ...SHAPES[words.type](words),
  };
}

/** A query with the chosen cluster and nodes, and its window. */
export const chosen = (query) => query.replaceAll("@", CHOSEN).replaceAll("[~]", WINDOW);

// A line is drawn over time; everything but lines and heat maps shows what is now.
function targets({ type, of }) {
  const over = type === "timeseries" || type === "heatmap" || type === "stat";
  return Object.entries(of).map(([legend, query], at) => ({
    refId: String.fromCharCode(65 + at),
    datasource: SOURCE,
    editorMode: "code",
    expr: chosen(query),
    legendFormat: legend,
    format: { heatmap: "heatmap", table: "table" }[type] ?? "time_series",
    range: over,
    instant: !over,
  }));
}

const steps = (limits = []) => ({
  mode: "absolute",
  steps: [{ color: "green", value: null }, ...limits.map(([value, color]) => ({ color, value }))],
});

function defaults({ unit, limits, max }, more) {
  const bounds = max === undefined ? { min: 0 } : { min: 0, max };
  return { unit, mappings: [], thresholds: steps(limits), ...bounds, ...more };
}

function stat(words) {
  const noValue = words.none ?? "-";
  const color = { mode: "thresholds" };
  return {
    fieldConfig: { defaults: defaults(words, { color, noValue }), overrides: [] },
    options: {
      colorMode: words.limits ? "background" : "value",
      graphMode: "area",
      justifyMode: "auto",
      orientation: "auto",
      reduceOptions: LAST,
      showPercentChange: false,
      textMode: "auto",
      wideLayout: true,
    },
  };
}

function timeseries(words) {
  const custom = {
    axisBorderShow: false,
    axisCenteredZero: false,
    axisColorMode: "text",
    axisLabel: "",
    axisPlacement: "auto",
    barAlignment: 0,
    drawStyle: "line",
    fillOpacity: words.stack ? 30 : 5,
    gradientMode: "none",
    hideFrom: HIDDEN,
    insertNulls: false,
    lineInterpolation: "linear",
    lineWidth: 1,
    pointSize: 5,
    scaleDistribution: { type: "linear" },
    // A single value between two gaps is seen as a point only.
    showPoints: "auto",
    spanNulls: false,
    stacking: { group: "A", mode: words.stack ? "normal" : "none" },
    thresholdsStyle: { mode: words.limits ? "dashed" : "off" },
  };
  const color = { mode: "palette-classic" };
  return {
    fieldConfig: { defaults: defaults(words, { color, custom }), overrides: [] },
    options: {
      legend: {
        calcs: ["lastNotNull", "max"],
        displayMode: "table",
        placement: "bottom",
        showLegend: true,
        sortBy: "Max",
        sortDesc: true,
      },
      tooltip: { mode: "multi", sort: "desc" },
    },
  };
}

function heatmap({ unit }) {
  const custom = { hideFrom: HIDDEN, scaleDistribution: { type: "linear" } };
  return {
    fieldConfig: { defaults: { custom }, overrides: [] },
    options: {
      // The buckets are those of the histogram, not made of values.
      calculate: false,
      cellGap: 1,
      cellValues: { unit: "short", decimals: 0 },
      color: {
        exponent: 0.5,
        fill: "dark-orange",
        mode: "scheme",
        reverse: false,
        scale: "exponential",
        scheme: "Turbo",
        steps: 64,
      },
      exemplars: { color: "rgba(255,0,255,0.7)" },
      filterValues: { le: 1e-9 },
      legend: { show: true },
      rowsFrame: { layout: "auto" },
      tooltip: { mode: "single", showColorScale: true, yHistogram: true },
      yAxis: { axisPlacement: "left", reverse: false, unit },
    },
  };
}

function bargauge(words) {
  const color = { mode: "thresholds" };
  return {
    fieldConfig: { defaults: defaults(words, { color }), overrides: [] },
    options: {
      displayMode: "gradient",
      maxVizHeight: 300,
      minVizHeight: 16,
      minVizWidth: 8,
      namePlacement: "auto",
      orientation: "horizontal",
      reduceOptions: LAST,
      showUnfilled: true,
      sizing: "auto",
      valueMode: "color",
    },
  };
}

// One row for each set of labels; each query is a column, called as its legend.
function table({ of, hide = [], units = {} }) {
  const columns = Object.keys(of);
  const value = (at) => (columns.length === 1 ? "Value" : `Value #${String.fromCharCode(65 + at)}`);
  const original = (name) => (columns.includes(name) ? value(columns.indexOf(name)) : name);
  const hidden = ["Time", "__name__", "job", ...hide].map((name) => [original(name), true]);
  const organized = {
    excludeByName: Object.fromEntries(hidden),
    indexByName: {},
    renameByName: Object.fromEntries(columns.map((column, at) => [value(at), column])),
  };
  const overrides = Object.entries(units).map(([column, unit]) => ({
    matcher: { id: "byName", options: column },
    properties: [{ id: "unit", value: unit }],
  }));
  const custom = { align: "auto", cellOptions: { type: "auto" }, inspect: false };
  return {
    fieldConfig: { defaults: { custom, mappings: [], thresholds: steps() }, overrides },
    options: {
      cellHeight: "sm",
      footer: { countRows: false, fields: "", reducer: ["sum"], show: false },
      showHeader: true,
    },
    transformations: [
      { id: "merge", options: {} },
      { id: "organize", options: organized },
    ],
  };
}
