// Is the platform well, and if not, where? What users feel first, then requests, actors, engines,
// machines.

const ERRORS = 'http_response_status_code=~"5.."';
const FAILED = 'outcome=~"unavailable|busy|full|other"';
// As in prometheus/rules/recording.yml: not what probes, Prometheus, workers and operators ask.
const USERS = 'http_route!~"/metrics|/healthz|/readyz|/worker/.*|/admin.*"';

const now = [
  {
    type: "stat",
    title: "Nodes that answer",
    help: "Of those that are known. Red: none answers.",
    of: { nodes: "sum(up{@}) or vector(0)" },
    unit: "short",
    limits: [[0, "red"], [1, "green"]],
    alert: ["NodeDown", "PlatformDown"],
  },
  {
    type: "stat",
    title: "Alerts",
    help: "That fire now; the table below names them.",
    of: { alerts: 'count(ALERTS{alertstate="firing",cluster=~"$cluster"}) or vector(0)' },
    unit: "short",
    limits: [[1, "red"]],
  },
  {
    type: "stat",
    title: "Requests failed",
    help: "Share of what users ask that was answered 5xx. Promised: 0.1 % over 30 days.",
    of: {
      share: `sum(rate(http_server_request_duration_seconds_count{@,${USERS},${ERRORS}}[~]))
/ sum(rate(http_server_request_duration_seconds_count{@,${USERS}}[~]))`,
    },
    unit: "percentunit",
    none: "0 %",
    limits: [[0.001, "orange"], [0.0144, "red"]],
    alert: ["HttpErrorsBurnFast", "HttpErrorsBurnSlow"],
  },
  {
    type: "stat",
    title: "Start-up, 95 %",
    help: "Nineteen of twenty videos start within this time. Promised: 2 s.",
    of: {
      p95: `histogram_quantile(0.95, sum by (le) (
  rate(playhouse_playback_startup_seconds_bucket{@}[10m])))`,
    },
    unit: "s",
    limits: [[2, "red"]],
    alert: "PlaybackStartupSlow",
  },
  {
    type: "stat",
    title: "Stalled",
    help: "Share of the time watched in which players stand still.",
    of: {
      share: `sum(rate(playhouse_playback_stalled_seconds_total{@}[10m]))
/ (sum(rate(playhouse_playback_stalled_seconds_total{@}[10m]))
  + sum(rate(playhouse_playback_played_seconds_total{@}[10m])))`,
    },
    unit: "percentunit",
    limits: [[0.005, "orange"], [0.01, "red"]],
    alert: "PlaybackStalls",
  },
  {
    type: "stat",
    title: "Streams",
    help: "Sessions that play now.",
    of: { streams: "sum(playhouse_playback_streams{@})" },
    unit: "short",
  },
  {
    type: "table",
    title: "Alerts that fire",
    help: "Each with where; its runbook is ops/observe/runbooks/<alertname>.md.",
    of: { firing: 'ALERTS{alertstate="firing",cluster=~"$cluster"}' },
    hide: ["alertstate", "firing"],
  },
];

const requests = [
  {
    type: "timeseries",
    title: "Requests by answer",
    help: "Requests a second, by status.",
    of: {
      "{{http_response_status_code}}": `sum by (http_response_status_code) (
  rate(http_server_request_duration_seconds_count{@}[~]))`,
    },
    unit: "reqps",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Busiest routes",
    help: "Requests a second of the ten routes that are asked most.",
    of: {
      "{{http_request_method}} {{http_route}}": `topk(10, sum by (http_request_method, http_route) (
  rate(http_server_request_duration_seconds_count{@}[~])))`,
    },
    unit: "reqps",
  },
  {
    type: "timeseries",
    title: "Slowest routes, 99 %",
    help: "The ten slowest, until the head of the answer: what a body takes is not in it.",
    of: {
      "{{http_request_method}} {{http_route}}": `topk(10, histogram_quantile(0.99,
  sum by (http_request_method, http_route, le) (
    rate(http_server_request_duration_seconds_bucket{@}[~]))))`,
    },
    unit: "s",
  },
  {
    type: "heatmap",
    title: "Time of requests",
    help: "Requests by the time until the head of their answer.",
    of: {
      "{{le}}": `sum by (le) (
  increase(http_server_request_duration_seconds_bucket{@}[~]))`,
    },
    unit: "s",
  },
  {
    type: "timeseries",
    title: "Problems",
    help: "Answers a second that said what was wrong, by what. Busy: the platform sheds load.",
    of: { "{{problem}}": "sum by (problem) (rate(playhouse_http_problems_total{@}[~]))" },
    unit: "reqps",
    alert: "HttpErrorsBurnFast",
  },
  {
    type: "timeseries",
    title: "Being answered",
    help: "Requests that wait for the head of their answer, and open streams of events.",
    of: {
      "requests {{node}}": "sum by (node) (http_server_active_requests{@})",
      "streams: {{stream}}": "sum by (stream) (playhouse_event_streams{@})",
    },
    unit: "short",
  },
];

const actors = [
  {
    type: "timeseries",
    title: "Alive",
    help: "Actors by what they are. Entities rest when nobody asks them.",
    of: { "{{role}} {{kind}}": "sum by (role, kind) (playhouse_actors{@})" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Begun and gone to rest",
    help: "Lives that begin, and entities that rest, a second. Both high: few may stay alive.",
    of: {
      "{{kind}} begun": "sum by (kind) (rate(playhouse_actor_starts_total{@}[~]))",
      "{{kind}} at rest": "sum by (kind) (rate(playhouse_actor_passivations_total{@}[~]))",
    },
    unit: "ops",
  },
  {
    type: "timeseries",
    title: "Crashes a minute",
    help: "Lives that did not end in order. Supervision mends single ones, not six a minute.",
    of: {
      "{{node}} {{role}} {{kind}}":
        "sum by (node, role, kind) (rate(playhouse_actor_crashes_total{@}[~])) * 60 > 0",
    },
    unit: "short",
    limits: [[6, "red"]],
    alert: "ActorCrashStorm",
  },
  {
    type: "timeseries",
    title: "Oldest message",
    help: "Who asks gives up after 5 s. Nobody asks the mover, which may copy a film for an hour.",
    of: {
      "{{role}} {{kind}}": "max by (role, kind) (playhouse_actor_mailbox_oldest_seconds{@})",
    },
    unit: "s",
    limits: [[5, "red"]],
    alert: "MailboxOld",
  },
  {
    type: "timeseries",
    title: "In mailboxes",
    help: "Messages that wait or are being handled.",
    of: { "{{role}} {{kind}}": "sum by (role, kind) (playhouse_actor_mailbox_messages{@})" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Unwell",
    help: "2 s and more at one message. Slow: it waits, 60 s at most. Stuck: it blocks its thread.",
    of: {
      "{{state}} {{role}} {{kind}}": "sum by (state, role, kind) (playhouse_actors_unwell{@}) > 0",
    },
    unit: "short",
    alert: "ActorStuck",
  },
  {
    type: "timeseries",
    title: "Messages",
    help: "A second, by what became of them. Refused: the mailbox was full.",
    of: { "{{outcome}}": "sum by (outcome) (rate(playhouse_actor_messages_total{@}[~]))" },
    unit: "ops",
  },
  {
    type: "timeseries",
    title: "Slowest handlers, 99 %",
    help: "Time for one message, of the ten slowest kinds.",
    of: {
      "{{role}} {{kind}}": `topk(10, histogram_quantile(0.99, sum by (role, kind, le) (
  rate(playhouse_actor_message_duration_seconds_bucket{@}[~]))))`,
    },
    unit: "s",
  },
  {
    type: "bargauge",
    title: "Busy",
    help: "Actors of a kind that are at work at a time, on average: of a service 1 is all it can.",
    of: {
      "{{role}} {{kind}}":
        "topk(10, sum by (role, kind) (rate(playhouse_actor_busy_seconds_total{@}[5m])))",
    },
    unit: "short",
  },
];

const engines = [
  {
    type: "timeseries",
    title: "Calls",
    help: "A second, by engine.",
    of: {
      "{{engine}}":
        "sum by (engine) (rate(playhouse_engine_call_duration_seconds_count{@}[~]))",
    },
    unit: "ops",
  },
  {
    type: "timeseries",
    title: "Slowest calls, 99 %",
    help: "Of the ten slowest operations.",
    of: {
      "{{engine}} {{operation}}": `topk(10, histogram_quantile(0.99,
  sum by (engine, operation, le) (
    rate(playhouse_engine_call_duration_seconds_bucket{@}[~]))))`,
    },
    unit: "s",
  },
  {
    type: "timeseries",
    title: "Failed calls",
    help: "Share of an engine's calls, by how they fail.",
    of: {
      "{{engine}} {{outcome}}": `sum by (engine, outcome) (
  rate(playhouse_engine_call_duration_seconds_count{@,${FAILED}}[~]))
/ on (engine) group_left () sum by (engine) (
  rate(playhouse_engine_call_duration_seconds_count{@}[~]))`,
    },
    unit: "percentunit",
    limits: [[0.05, "red"]],
    alert: "EngineFailing",
  },
  {
    type: "heatmap",
    title: "Time of calls",
    help: "Calls to all engines by the time that they took.",
    of: {
      "{{le}}": `sum by (le) (
  increase(playhouse_engine_call_duration_seconds_bucket{@}[~]))`,
    },
    unit: "s",
    w: 12,
  },
  {
    type: "timeseries",
    title: "Spans of traces",
    help: "A second: those that reached the collector, and those that were dropped.",
    of: { "{{outcome}}": "sum by (outcome) (rate(playhouse_trace_spans_total{@}[~]))" },
    unit: "ops",
    w: 12,
    alert: "SpansDropped",
  },
];

const machines = [
  {
    type: "timeseries",
    title: "Processors",
    help: "Cores that the node's process uses. Encoders are processes of their own, and not in it.",
    of: { "{{node}}": "rate(process_cpu_seconds_total{@}[~])" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Memory",
    help: "That the node's process holds. At even load it is flat.",
    of: { "{{node}}": "process_resident_memory_bytes{@}" },
    unit: "bytes",
  },
  {
    type: "timeseries",
    title: "Open files",
    help: "Share of what the process may open.",
    of: { "{{node}}": "process_open_fds{@} / process_max_fds{@}" },
    unit: "percentunit",
    max: 1,
    limits: [[0.8, "red"]],
    alert: "FileDescriptorsNearlyGone",
  },
  {
    type: "timeseries",
    title: "Room on the disk",
    help: "Of the file system of the data folder.",
    of: { "{{node}}": "playhouse_disk_free_bytes{@}" },
    unit: "bytes",
    alert: "DiskFullSoon",
  },
  {
    type: "bargauge",
    title: "Disk in use",
    help: "Share of the file system of the data folder.",
    of: { "{{node}}": "1 - playhouse_disk_free_bytes{@} / playhouse_disk_size_bytes{@}" },
    unit: "percentunit",
    max: 1,
    limits: [[0.8, "orange"], [0.9, "red"]],
    alert: "DiskNearlyFull",
  },
  {
    type: "table",
    title: "Nodes",
    help: "What runs where, and since when.",
    of: {
      build: "sum by (cluster, node, version) (playhouse_build_info{@})",
      "runs for": "time() - max by (cluster, node) (process_start_time_seconds{@})",
      "starts in a day": "sum by (cluster, node) (changes(process_start_time_seconds{@}[1d]))",
    },
    hide: ["build"],
    units: { "runs for": "s" },
    w: 8,
    alert: "NodeRestartsOften",
  },
];

export default {
  uid: "playhouse-platform",
  title: "Playhouse: platform",
  help: "Is the platform well, and if not, where?",
  rows: [
    ["Now", now],
    ["Requests", requests],
    ["Actors", actors],
    ["Engines", engines],
    ["Machines", machines],
  ],
};
