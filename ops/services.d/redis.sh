# shellcheck shell=bash disable=SC2034,SC2154
# Redis 7: a cache. Nothing of it is kept on the disk, and the oldest goes when it is full.

user=redis

install() { :; }

prepare() {
  write_config redis.conf <<END
bind 127.0.0.1
port $port
dir "$data"
daemonize no
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
requirepass $(secret)
END
}

start() { launch "$home/server" "${run_as[@]}" redis-server "$home/redis.conf"; }

ready() {
  REDISCLI_AUTH=$(secret) timeout "$ask_max" redis-cli -h 127.0.0.1 -p "$port" ping 2>&1 |
    grep -qx PONG
}

urls() { say "REDIS=redis://default:$(secret)@127.0.0.1:$port/0"; }
settings() { say "cache = \"redis://default:$(secret)@127.0.0.1:$port/0\""; }
