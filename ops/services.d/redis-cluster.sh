# shellcheck shell=bash disable=SC2034,SC2154
# A cluster of three Redis servers that share the keys by hash slot: a cache for many nodes. It is
# not among the engines that are started when none is named.

user=redis
nodes=(server second third)
# Clients, then what the servers say to each other.
ports=("$port" $((port + 1)) $((port + 2)) $((port + 3)) $((port + 4)) $((port + 5)))

install() { :; }

prepare() {
  local number
  for number in 0 1 2; do
    "${run_as[@]}" mkdir -p "$data/$number"
    write_config "${nodes[$number]}.conf" <<END
bind 127.0.0.1
port ${ports[$number]}
cluster-enabled yes
cluster-port ${ports[$((number + 3))]}
cluster-config-file nodes.conf
dir "$data/$number"
daemonize no
save ""
appendonly no
maxmemory 128mb
maxmemory-policy allkeys-lru
requirepass $(secret)
masterauth $(secret)
END
  done
}

start() {
  local node
  for node in "${nodes[@]}"; do
    launch "$home/$node" "${run_as[@]}" redis-server "$home/$node.conf"
  done
}

# asks PORT COMMAND…
asks() {
  REDISCLI_AUTH=$(secret) timeout "$ask_max" redis-cli -h 127.0.0.1 -p "$@" 2>&1
}

ready() {
  local number
  for number in 0 1 2; do
    asks "${ports[$number]}" ping | grep -qx PONG || return
  done
}

# Who was in the cluster before is in it again.
finish() {
  if asks "$port" cluster info | grep -q cluster_slots_assigned:0; then
    asks "$port" --cluster create "127.0.0.1:${ports[0]}" "127.0.0.1:${ports[1]}" \
      "127.0.0.1:${ports[2]}" --cluster-yes >"$home/create.log" ||
      { halt_all; fail "no cluster: $(tail -n 1 "$home/create.log")"; }
  fi
  wait_for 30 whole || { halt_all; fail "its servers do not share all hash slots"; }
}

whole() {
  local number
  for number in 0 1 2; do
    asks "${ports[$number]}" cluster info | grep -q cluster_state:ok || return
  done
}

urls() {
  say "REDIS_CLUSTER=redis-cluster://default:$(secret)@127.0.0.1:${ports[0]},127.0.0.1:${ports[1]}"
}
settings() { :; }
