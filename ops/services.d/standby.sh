# shellcheck shell=bash disable=SC2034,SC2154
# A standby of the PostgreSQL of the same set: answers reads that may lag, takes over at a failover.
#
# While it runs, every commit of the primary waits until the standby has it on disk
# (`synchronous_standby_names`): only so nothing that was acknowledged is lost when it takes over.
# Ending it in order takes that rule back first. It is not among the engines that are started when
# none is named.

. "$ROOT/ops/services.d/postgres.sh"

primary_home=$SERVICES/postgres
primary_port=$(port_of postgres)
# The primary may be starting.
start_max=240

install() { :; }

prepare() {
  make_certificate
  write_settings
  [ ! -e "$home/promoted" ] || { after_kill; return 0; }
  wait_for 200 asks_primary 'SELECT 1' || fail "its primary does not answer on $primary_port"
  [ -d "$data/cluster" ] || copy_primary
  after_kill
}

# Under another name until it is whole, as with a cluster of its own.
copy_primary() {
  rm -rf "$data/new"
  "${surroundings[@]}" "PGPASSWORD=$(secret)" "${as_user[@]}" "$bin/pg_basebackup" \
    -d "host=127.0.0.1 port=$primary_port user=postgres application_name=standby" \
    -D "$data/new" --write-recovery-conf --wal-method=stream --checkpoint=fast \
    >"$home/copy.log" 2>&1 || fail "no copy of its primary: $(tail -n 1 "$home/copy.log")"
  mv "$data/new" "$data/cluster"
}

asks_primary() {
  PGPASSWORD=$(secret) PGCONNECT_TIMEOUT=5 timeout "$ask_max" psql -X -q -At \
    "host=127.0.0.1 port=$primary_port user=postgres dbname=postgres" -c "$1" >/dev/null 2>&1
}

start() { start_cluster; }

ready() { select_1; }

# Commits wait for it from now on.
finish() {
  [ ! -e "$home/promoted" ] || return 0
  asks_primary "ALTER SYSTEM SET synchronous_standby_names = 'standby'" &&
    asks_primary 'SELECT pg_reload_conf()' || { halt_all; fail "its primary does not wait for it"; }
}

# Nobody waits for a standby that is going.
release() {
  [ ! -e "$home/promoted" ] && pid_in "$primary_home/server.pid" >/dev/null || return 0
  asks_primary 'ALTER SYSTEM RESET synchronous_standby_names' &&
    asks_primary 'SELECT pg_reload_conf()' ||
    tell "its primary could not be told that it goes: commits may wait for it"
}

urls() {
  say "STANDBY=postgres://playhouse:$(secret)@127.0.0.1:$port/playhouse"
  say "STANDBY_ADMIN=postgres://postgres:$(secret)@127.0.0.1:$port/postgres"
}
settings() {
  [ -e "$home/promoted" ] ||
    say "postgres.replica = \"postgres://playhouse:$(secret)@127.0.0.1:$port/playhouse\""
}
