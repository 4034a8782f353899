// Who watches, how well it goes, and whether everything is counted.

const now = [
  {
    type: "stat",
    title: "Streams",
    help: "Sessions that play now.",
    of: { streams: "sum(playhouse_playback_streams{@})" },
    unit: "short",
  },
  {
    type: "stat",
    title: "Views, one hour",
    help: "That count: ten seconds or half of it watched, once per viewer, content and hour.",
    of: { views: "sum(increase(playhouse_views_total{@}[1h]))" },
    unit: "short",
  },
  {
    type: "stat",
    title: "Watched, one hour",
    help: "Time that players have played, all together.",
    of: { time: "sum(increase(playhouse_playback_played_seconds_total{@}[1h]))" },
    unit: "s",
  },
  {
    type: "stat",
    title: "Start-up, 95 %",
    help: "Promised: 2 s.",
    of: { p95: startup(0.95, "10m") },
    unit: "s",
    limits: [[2, "red"]],
    alert: "PlaybackStartupSlow",
  },
  {
    type: "stat",
    title: "Stalled",
    help: "Share of the time watched.",
    of: { share: stalled("10m") },
    unit: "percentunit",
    limits: [[0.005, "orange"], [0.01, "red"]],
    alert: "PlaybackStalls",
  },
  {
    type: "stat",
    title: "Events wait",
    help: "Age of the oldest that is not on the event log.",
    of: { lag: "max(playhouse_outbox_lag_seconds{@})" },
    unit: "s",
    limits: [[10, "orange"], [60, "red"]],
    alert: "OutboxLag",
  },
];

const quality = [
  {
    type: "timeseries",
    title: "Start-up",
    help: "From a viewer's wish to the first picture, as players tell it.",
    of: {
      "50 %": startup(0.5, "~"),
      "95 %": startup(0.95, "~"),
      "99 %": startup(0.99, "~"),
    },
    unit: "s",
    limits: [[2, "red"]],
    alert: "PlaybackStartupSlow",
  },
  {
    type: "heatmap",
    title: "Start-up of all",
    help: "Starts by the time that they took. Two bands: what is cached, and what is not.",
    of: {
      "{{le}}": `sum by (le) (
  increase(playhouse_playback_startup_seconds_bucket{@}[~]))`,
    },
    unit: "s",
  },
  {
    type: "timeseries",
    title: "Stalled",
    help: "Share of the time watched in which players stand still.",
    of: { share: stalled("~") },
    unit: "percentunit",
    limits: [[0.01, "red"]],
    alert: "PlaybackStalls",
  },
  {
    type: "timeseries",
    title: "Left before the first picture",
    help: "Share of the viewers who have begun. They have no start-up time.",
    of: {
      share: `sum(rate(playhouse_playback_starts_total{@,outcome="left"}[~]))
/ sum(rate(playhouse_playback_starts_total{@}[~]))`,
    },
    unit: "percentunit",
    limits: [[0.5, "red"]],
    alert: "PlaybackStartsFail",
  },
];

const watching = [
  {
    type: "timeseries",
    title: "Streams",
    help: "Sessions that play now, by the node that judges them.",
    of: { "{{node}}": "sum by (node) (playhouse_playback_streams{@})" },
    unit: "short",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Sessions opened",
    help: "A second.",
    of: { "{{node}}": "sum by (node) (rate(playhouse_playback_sessions_total{@}[~]))" },
    unit: "ops",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Streams that are watched at all",
    help: "Seconds played per second: how many streams are moving.",
    of: {
      played: "sum(rate(playhouse_playback_played_seconds_total{@}[~]))",
      stalled: "sum(rate(playhouse_playback_stalled_seconds_total{@}[~]))",
    },
    unit: "short",
  },
];

const counting = [
  {
    type: "timeseries",
    title: "Views",
    help: "That count, a second, by who told them.",
    of: { "{{source}}": "sum by (source) (rate(playhouse_views_total{@}[~]))" },
    unit: "ops",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Events of players",
    help: "A second. Repeated ones were sent again and change nothing.",
    of: {
      "{{outcome}}": "sum by (outcome) (rate(playhouse_playback_events_total{@}[~]))",
    },
    unit: "ops",
  },
  {
    type: "timeseries",
    title: "Pages that look on",
    help: "Open streams of events.",
    of: { "{{stream}}": "sum by (stream) (playhouse_event_streams{@})" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Viewers and counters",
    help: "Messages that wait at the actors that judge sessions and count views.",
    of: {
      "{{kind}}": `sum by (kind) (
  playhouse_actor_mailbox_messages{@,kind=~"playback.viewer|engagement.counter"})`,
    },
    unit: "short",
    alert: "MailboxOld",
  },
  {
    type: "timeseries",
    title: "Events wait",
    help: "Age of the oldest event that is not on the event log, as the node on duty sees it.",
    of: { "{{node}}": "max by (node) (playhouse_outbox_lag_seconds{@})" },
    unit: "s",
    limits: [[60, "red"]],
    alert: ["OutboxLag", "QueuesUnseen"],
  },
  {
    type: "timeseries",
    title: "Events told",
    help: "A second, by topic.",
    of: { "{{topic}}": "sum by (topic) (rate(playhouse_events_told_total{@}[~]))" },
    unit: "ops",
    stack: true,
  },
];

function startup(share, window) {
  return `histogram_quantile(${share}, sum by (le) (
  rate(playhouse_playback_startup_seconds_bucket{@}[${window}])))`;
}

function stalled(window) {
  return `sum(rate(playhouse_playback_stalled_seconds_total{@}[${window}]))
/ (sum(rate(playhouse_playback_stalled_seconds_total{@}[${window}]))
  + sum(rate(playhouse_playback_played_seconds_total{@}[${window}])))`;
}

export default {
  uid: "playhouse-engagement",
  title: "Playhouse: engagement",
  help: "Who watches, how well it goes, and whether everything is counted.",
  rows: [
    ["Now", now],
    ["Quality", quality],
    ["Watching", watching],
    ["Counting", counting],
  ],
};
