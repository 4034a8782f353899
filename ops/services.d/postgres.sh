# shellcheck shell=bash disable=SC2034,SC2154
# PostgreSQL 15: records. A cluster of its own with a database `playhouse` and TLS.
#
# `fsync` stays on, since what is measured and killed here must be what a company would run. The
# server refuses to run as root; its children outlive it by a moment when it is killed.

user=postgres
# Clients are cut off and open transactions rolled back.
stop_signal=INT
bin=/usr/lib/postgresql/15/bin

install() { :; }

prepare() {
  [ ! -e "$SERVICES/standby/promoted" ] || fail "its standby has taken over; \
ops/services down --wipe postgres standby pgbouncer begins anew"
  make_certificate
  write_settings
  [ -d "$data/cluster" ] || make_cluster
  after_kill
}

write_settings() {
  write_config pg_hba.conf <<END
host all         all      127.0.0.1/32 scram-sha-256
host replication postgres 127.0.0.1/32 scram-sha-256
END
  write_config postgresql.conf <<END
data_directory = '$data/cluster'
hba_file = '$home/pg_hba.conf'
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
# As many as pgbouncer opens for five databases, twice.
max_connections = 200
password_encryption = 'scram-sha-256'
ssl = on
ssl_cert_file = '$home/server.crt'
ssl_key_file = '$home/server.key'
fsync = on
synchronous_commit = on
# A standby can follow, also one that was away for a while.
wal_level = replica
wal_keep_size = '256MB'
# The log of changes stays small on a laptop.
max_wal_size = '512MB'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u@%d '
END
}

# Under another name until it is whole: what was broken off is made again.
make_cluster() {
  rm -rf "$data/new"
  "${run_as[@]}" "$bin/initdb" -D "$data/new" --username=postgres --auth=reject --encoding=UTF8 \
    --locale=C.UTF-8 --data-checksums --no-instructions >"$home/initdb.log" 2>&1 ||
    { tail -5 "$home/initdb.log" >&2; die "postgres: initdb failed; its log is $home/initdb.log"; }
  "${run_as[@]}" "$bin/postgres" --single -D "$data/new" -c exit_on_error=true postgres \
    >>"$home/initdb.log" 2>&1 <<END || die "postgres: no roles; the log is $home/initdb.log"
ALTER ROLE postgres PASSWORD '$(secret)';
CREATE ROLE playhouse LOGIN CREATEDB PASSWORD '$(secret)';
CREATE DATABASE playhouse OWNER playhouse;
END
  mv "$data/new" "$data/cluster"
}

# The children of a killed server end by themselves, as soon as they notice; before that a new one
# refuses the cluster.
after_kill() {
  local tries=200
  while children_left; do
    [ $((tries -= 1)) -ge 0 ] || die "postgres: processes of a killed server still use $data"
    sleep 0.05
  done
  # Nobody uses the cluster: what the file says of its user is old, also when something else has
  # that process id by now, or the killed server waits for a parent that never asks.
  rm -f "$data/cluster/postmaster.pid"
}
children_left() {
  local process
  for process in /proc/[0-9]*; do
    [ "$(readlink "$process/cwd" 2>/dev/null)" != "$data/cluster" ] || return 0
  done
  return 1
}

start() { start_cluster; }
start_cluster() {
  launch "$home/server" "${run_as[@]}" "$bin/postgres" -D "$data/cluster" \
    -c "config_file=$home/postgresql.conf"
}

ready() { select_1; }

urls() {
  say "POSTGRES=postgres://playhouse:$(secret)@127.0.0.1:$port/playhouse"
  say "POSTGRES_ADMIN=postgres://postgres:$(secret)@127.0.0.1:$port/postgres"
  say "POSTGRES_CA=$home/ca.crt"
}
settings() { say "catalog = \"postgres://playhouse:$(secret)@127.0.0.1:$port/playhouse\""; }
