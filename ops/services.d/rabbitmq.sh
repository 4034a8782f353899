# shellcheck shell=bash disable=SC2034,SC2154
# RabbitMQ 3.10: wakes workers. One node, on loopback with its port mapper (epmd).
#
# Everything that Debian's package would read or write elsewhere is named here, so that several sets
# run side by side.

user=rabbitmq
# The Erlang machine alone takes seconds to start, many on a busy laptop.
start_max=300
stop_max=60
node_port=$((port + 1))
mapper_port=$((port + 2))
ports=("$port" "$node_port")
scripts=/usr/lib/rabbitmq/bin

install() { :; }

prepare() {
  write_config rabbitmq.conf <<END
listeners.tcp.1 = 127.0.0.1:$port
default_vhost = playhouse
default_user = playhouse
default_pass = $(secret)
# Publishers wait above this; enough for wake-ups on a laptop.
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 64MiB
# What quorum queues keep in memory before it goes to their segments.
raft.wal_max_size_bytes = 33554432
log.console = true
log.console.level = info
log.file = false
END
  printf '[].\n' | write_config enabled_plugins
}

# What the server and the mapper are called with.
node_environment() {
  run_erlang=("${surroundings[@]}"
    ERL_EPMD_ADDRESS=127.0.0.1 "ERL_EPMD_PORT=$mapper_port"
    RABBITMQ_NODENAME=playhouse@localhost
    RABBITMQ_CONF_ENV_FILE=/dev/null
    # The script becomes the server, whose process id is then the one that we know; else it stays
    # between.
    RUNNING_UNDER_SYSTEMD=true
    "RABBITMQ_CONFIG_FILE=$home/rabbitmq.conf"
    "RABBITMQ_ADVANCED_CONFIG_FILE=$home/advanced.config"
    "RABBITMQ_GENERATED_CONFIG_DIR=$data/config"
    "RABBITMQ_SCHEMA_DIR=$data/schema"
    "RABBITMQ_MNESIA_BASE=$data/mnesia"
    "RABBITMQ_ENABLED_PLUGINS_FILE=$home/enabled_plugins"
    "RABBITMQ_LOG_BASE=$data" RABBITMQ_LOGS=-
    "RABBITMQ_DIST_PORT=$node_port"
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}"
    "${as_user[@]}")
}

start() {
  node_environment
  # The server would start one that stays when the server has gone.
  pid_in "$home/mapper.pid" >/dev/null ||
    (cd "$data" && launch "$home/mapper" "${run_erlang[@]}" \
      epmd -address 127.0.0.1 -port "$mapper_port")
  wait_for 60 listens "$mapper_port" || fail "its port mapper does not answer on $mapper_port"
  launch "$home/server" "${run_erlang[@]}" "$scripts/rabbitmq-server"
}

# The protocol's greeting must be answered with Connection.Start (AMQP 0-9-1, section 2.2.4): a
# method frame on channel 0, class 10, method 10. The listener opens last of all.
ready() {
  local answer
  answer=$(ask "$port" 'AMQP\x00\x00\x09\x01' 11) && [[ $answer =~ ^010000.{8}000a000a$ ]]
}

urls() { say "AMQP=amqp://playhouse:$(secret)@127.0.0.1:$port/playhouse"; }
settings() { say "jobs = \"amqp://playhouse:$(secret)@127.0.0.1:$port/playhouse\""; }
