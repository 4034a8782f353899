// The way of media: from the last byte of an upload to what can be played, and from there to
// players.

const now = [
  {
    type: "stat",
    title: "Playable after, 95 %",
    help: "From the last byte of an upload until it plays. Usual: seconds.",
    of: { p95: quantile("playable", 0.95, "30m") },
    unit: "s",
    limits: [[10, "orange"], [30, "red"]],
    alert: "PublishDelayHigh",
  },
  {
    type: "stat",
    title: "Complete after, 95 %",
    help: "Until all renditions are there; depends on the length of what is uploaded.",
    of: { p95: quantile("complete", 0.95, "30m") },
    unit: "s",
  },
  {
    type: "stat",
    title: "Jobs that wait",
    help: "Encode jobs that nobody has taken yet.",
    of: { jobs: 'max(playhouse_jobs{@,state="waiting"})' },
    unit: "short",
  },
  {
    type: "stat",
    title: "Oldest waits",
    help: "For so long the oldest job has waited. Ten minutes: more comes than is done.",
    of: { oldest: "max(playhouse_jobs_oldest_waiting_seconds{@})" },
    unit: "s",
    limits: [[180, "orange"], [600, "red"]],
    alert: ["EncodeQueueOld", "EncodingStandsStill"],
  },
  {
    type: "stat",
    title: "Dead letters, one day",
    help: "Renditions that were given up. Each wants a look.",
    of: { letters: "sum(increase(playhouse_dead_letters_total{@}[1d]))" },
    unit: "short",
    limits: [[1, "red"]],
    alert: "DeadLetters",
  },
  {
    type: "stat",
    title: "Encoders at work",
    help: "Jobs that are under way, on nodes and workers.",
    of: { jobs: 'max(playhouse_jobs{@,state="leased"})' },
    unit: "short",
  },
];

const uploads = [
  {
    type: "timeseries",
    title: "Uploads",
    help: "A minute, by how far they came. Blocked: refused for what is in them.",
    of: { "{{outcome}}": "sum by (outcome) (rate(playhouse_uploads_total{@}[~])) * 60" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Bytes taken",
    help: "Of uploads, a second.",
    of: { "{{node}}": "sum by (node) (rate(playhouse_upload_bytes_total{@}[~]))" },
    unit: "Bps",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Published after",
    help: "From the last byte: playable is the lowest rendition's begin, complete is everything.",
    of: {
      "playable, 50 %": quantile("playable", 0.5, "~"),
      "playable, 95 %": quantile("playable", 0.95, "~"),
      "complete, 50 %": quantile("complete", 0.5, "~"),
      "complete, 95 %": quantile("complete", 0.95, "~"),
    },
    unit: "s",
    alert: "PublishDelayHigh",
  },
  {
    type: "heatmap",
    title: "Playable after",
    help: "Uploads by the time from their last byte until they played.",
    of: { "{{le}}": buckets("playable") },
    unit: "s",
    w: 12,
  },
  {
    type: "heatmap",
    title: "Complete after",
    help: "Uploads by the time from their last byte until all renditions were there.",
    of: { "{{le}}": buckets("complete") },
    unit: "s",
    w: 12,
  },
];

const queue = [
  {
    type: "timeseries",
    title: "Jobs",
    help: "Waiting: free to take. Resting: failed, and tried again later. Leased: under way.",
    of: { "{{state}}": "max by (state) (playhouse_jobs{@})" },
    unit: "short",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Oldest waiting",
    help: "Of jobs. A line that only rises: nobody takes them. A gap: the catalog is slow.",
    of: { oldest: "max(playhouse_jobs_oldest_waiting_seconds{@})" },
    unit: "s",
    limits: [[600, "red"]],
    alert: ["EncodeQueueOld", "EncodingStandsStill", "QueuesUnseen"],
  },
  {
    type: "timeseries",
    title: "Jobs ended",
    help: "A minute. Lost: the lease ran out, since a worker died or stood still.",
    of: { "{{outcome}}": "sum by (outcome) (rate(playhouse_encode_jobs_total{@}[~])) * 60" },
    unit: "short",
  },
];

const encoding = [
  {
    type: "bargauge",
    title: "Speed",
    help: "Median of the last half hour, in seconds of media per second. Below 1 players catch up.",
    of: {
      "{{rendition}}": `histogram_quantile(0.5, sum by (rendition, le) (
  rate(playhouse_encode_speed_ratio_bucket{@}[30m])))`,
    },
    unit: "short",
    limits: [[0, "red"], [1, "orange"], [1.5, "green"]],
    alert: "EncodeSlow",
  },
  {
    type: "heatmap",
    title: "Speed of all jobs",
    help: "Jobs by their speed; 1 is real time.",
    of: { "{{le}}": "sum by (le) (increase(playhouse_encode_speed_ratio_bucket{@}[~]))" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Segments",
    help: "A second, committed, by rendition. None while jobs wait: encoding stands still.",
    of: {
      "{{rendition}}": "sum by (rendition) (rate(playhouse_encode_segments_total{@}[~]))",
    },
    unit: "ops",
    stack: true,
    alert: "EncodingStandsStill",
  },
];

const delivery = [
  {
    type: "timeseries",
    title: "Sent to players",
    help: "Bytes a second, counted at the head of each answer.",
    of: { "{{what}}": "sum by (what) (rate(playhouse_media_bytes_total{@}[~]))" },
    unit: "Bps",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Found in caches",
    help: "Share of the questions to each cache. It falls after a start.",
    of: {
      "{{cache}}": `sum by (cache) (rate(playhouse_cache_requests_total{@,result="hit"}[~]))
/ sum by (cache) (rate(playhouse_cache_requests_total{@}[~]))`,
    },
    unit: "percentunit",
    max: 1,
  },
  {
    type: "timeseries",
    title: "Stores of media, 99 %",
    help: "Time of a call to the folder or bucket, by operation; of a read until its first bytes.",
    of: {
      "{{engine}} {{operation}}": `histogram_quantile(0.99, sum by (engine, operation, le) (
  rate(playhouse_engine_call_duration_seconds_bucket{@,engine=~"s3|file"}[~])))`,
    },
    unit: "s",
    alert: "EngineFailing",
  },
];

function quantile(stage, share, window) {
  return `histogram_quantile(${share}, sum by (le) (
  rate(playhouse_publish_delay_seconds_bucket{@,stage="${stage}"}[${window}])))`;
}

function buckets(stage) {
  return `sum by (le) (
  increase(playhouse_publish_delay_seconds_bucket{@,stage="${stage}"}[~]))`;
}

export default {
  uid: "playhouse-media",
  title: "Playhouse: media",
  help: "From the last byte of an upload to what plays, and from there to players.",
  rows: [
    ["Now", now],
    ["Uploads", uploads],
    ["Queue", queue],
    ["Encoding", encoding],
    ["Delivery", delivery],
  ],
};
