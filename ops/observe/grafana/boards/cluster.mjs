// Who is there, who owns what, and does everybody keep their lease?

const now = [
  {
    type: "stat",
    title: "Nodes that answer",
    help: "Of those that are known.",
    of: { nodes: "sum(up{@}) or vector(0)" },
    unit: "short",
    limits: [[0, "red"], [1, "green"]],
    alert: ["NodeDown", "PlatformDown"],
  },
  {
    type: "stat",
    title: "Known, but silent",
    help: "Nodes that do not answer.",
    of: { nodes: "count(up{@}) - sum(up{@})" },
    unit: "short",
    none: "0",
    limits: [[1, "red"]],
    alert: "NodeDown",
  },
  {
    type: "stat",
    title: "Shards owned",
    help: "By all nodes together: 1,024 in a cluster. Fewer while some change hands.",
    of: { shards: "sum(playhouse_shards_owned{@})" },
    unit: "short",
  },
  {
    type: "stat",
    title: "Shortest lease",
    help: "What is left of it, of any node. 6 to 9 s is usual; a renewal that fails leaves 3 s.",
    of: { lease: "min(playhouse_lease_remaining_seconds{@})" },
    unit: "s",
    limits: [[0, "red"], [4, "orange"], [5, "green"]],
    alert: "LeaseNearlyLost",
  },
  {
    type: "stat",
    title: "Links down",
    help: "Between nodes, counted from both ends.",
    of: { links: 'sum(playhouse_peers{@,state="down"})' },
    unit: "short",
    none: "0",
    limits: [[1, "red"]],
    alert: "PeerUnreachable",
  },
  {
    type: "stat",
    title: "Moves, one hour",
    help: "Shards that came to a node. Many without a start or an end of a node: leases are lost.",
    of: { moves: 'sum(increase(playhouse_shard_moves_total{@,direction="gained"}[1h]))' },
    unit: "short",
  },
  {
    type: "table",
    title: "Nodes",
    help: "Each node at a glance.",
    of: {
      answers: "sum by (cluster, node, instance) (up{@})",
      build: "sum by (cluster, node, instance, version) (playhouse_build_info{@})",
      shards: "sum by (cluster, node, instance) (playhouse_shards_owned{@})",
      lease: "min by (cluster, node, instance) (playhouse_lease_remaining_seconds{@})",
      requests: `sum by (cluster, node, instance) (
  rate(http_server_request_duration_seconds_count{@}[5m]))`,
      streams: "sum by (cluster, node, instance) (playhouse_playback_streams{@})",
      cores: "sum by (cluster, node, instance) (rate(process_cpu_seconds_total{@}[5m]))",
      memory: "sum by (cluster, node, instance) (process_resident_memory_bytes{@})",
    },
    hide: ["build"],
    units: { lease: "s", requests: "reqps", memory: "bytes" },
  },
];

const ownership = [
  {
    type: "timeseries",
    title: "Shards",
    help: "By owner. A gap in the sum is what nobody owns.",
    of: { "{{node}}": "sum by (node) (playhouse_shards_owned{@})" },
    unit: "short",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Moves",
    help: "Shards that a node gains or loses, a minute.",
    of: {
      "{{node}} {{direction}}":
        "sum by (node, direction) (rate(playhouse_shard_moves_total{@}[~])) * 60",
    },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Entities",
    help: "Alive, by node. Even shards, uneven entities: some content is hot.",
    of: { "{{node}}": 'sum by (node) (playhouse_actors{@,role="entity"})' },
    unit: "short",
    stack: true,
  },
];

const leases = [
  {
    type: "timeseries",
    title: "Lease",
    help: "Time until the node fences itself. Each renewal, every 3 s, brings it back to 9 s.",
    of: { "{{node}}": "playhouse_lease_remaining_seconds{@}" },
    unit: "s",
    limits: [[0, "red"], [4, "green"]],
    alert: "LeaseNearlyLost",
  },
  {
    type: "timeseries",
    title: "Renewals",
    help: "A minute, 20 are usual. Failed: the database did not grant it within 3 s.",
    of: {
      "{{node}} {{outcome}}":
        "sum by (node, outcome) (rate(playhouse_lease_renewals_total{@}[~])) * 60",
    },
    unit: "short",
    alert: "LeaseNearlyLost",
  },
  {
    type: "timeseries",
    title: "The catalog, 99 %",
    help: "Time of a call, by node: leases stand on it.",
    of: {
      "{{node}} {{engine}}": `histogram_quantile(0.99, sum by (node, engine, le) (
  rate(playhouse_engine_call_duration_seconds_bucket{
    @,engine=~"postgres|sqlite"}[~])))`,
    },
    unit: "s",
    alert: "EngineFailing",
  },
];

const links = [
  {
    type: "timeseries",
    title: "Members",
    help: "As each node sees them. Lines that differ: not everybody has the same view.",
    of: { "{{node}} {{state}}": "sum by (node, state) (playhouse_cluster_members{@})" },
    unit: "short",
  },
  {
    type: "timeseries",
    title: "Links",
    help: "To other nodes, up and down.",
    of: { "{{node}} {{state}}": "sum by (node, state) (playhouse_peers{@})" },
    unit: "short",
    alert: "PeerUnreachable",
  },
  {
    type: "timeseries",
    title: "Messages that did not arrive",
    help: "A second: refused (mailbox full), expired, or undelivered.",
    of: {
      "{{node}} {{outcome}}": `sum by (node, outcome) (rate(
  playhouse_actor_messages_total{@,outcome=~"refused|expired|undelivered"}[~]))`,
    },
    unit: "ops",
  },
];

const spread = [
  {
    type: "timeseries",
    title: "Requests",
    help: "A second, by node.",
    of: {
      "{{node}}":
        "sum by (node) (rate(http_server_request_duration_seconds_count{@}[~]))",
    },
    unit: "reqps",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Processors",
    help: "Cores in use, by node.",
    of: { "{{node}}": "sum by (node) (rate(process_cpu_seconds_total{@}[~]))" },
    unit: "short",
    stack: true,
  },
  {
    type: "timeseries",
    title: "Memory",
    help: "By node.",
    of: { "{{node}}": "sum by (node) (process_resident_memory_bytes{@})" },
    unit: "bytes",
    stack: true,
  },
];

export default {
  uid: "playhouse-cluster",
  title: "Playhouse: cluster",
  help: "Who is there, who owns what, and does everybody keep their lease?",
  rows: [
    ["Now", now],
    ["Ownership", ownership],
    ["Leases", leases],
    ["Links", links],
    ["Spread", spread],
  ],
};
