# shellcheck shell=bash
# What every engine of ops/services has in common: its folder, who runs it, its secret, its probes.
#
# Sourced, not run, by ops/services; then load ENGINE reads ops/services.d/ENGINE.sh into a shell of
# its own. Such a file changes what `load` sets and has these functions:
#   install   what must be on the machine beside Debian's packages; may take minutes the first time
#   prepare   data and configuration, made anew or brought up to date; nothing runs meanwhile
#   start     launches the server
#   ready     one bounded question that only a working server answers
#   finish    what can be done only once it answers (may be left out)
#   release   what others must know before it is ended in order (may be left out)
#   urls      its addresses as NAME=value lines, exported to tests as PLAYHOUSE_TEST_NAME
#   settings  its lines of a cluster.toml
#
# An engine's folder: `data` belongs to the engine's user, everything else to whoever calls.

# The engines are read by ops/services, which sources this.
# shellcheck disable=SC2034
ENGINES=(postgres pgbouncer redis s3 rabbitmq kafka)
# Only started when named.
# shellcheck disable=SC2034
EXTRAS=(standby redis-cluster)
# What another engine must run for one to answer.
# shellcheck disable=SC2034
declare -A NEEDS=([pgbouncer]=postgres [standby]=postgres)
# The first port of each, counted from the base.
declare -A OFFSETS=([postgres]=0 [pgbouncer]=1 [redis]=2 [s3]=3 [rabbitmq]=4 [kafka]=7 [standby]=8 [redis-cluster]=9)
BASE_PORT=${PLAYHOUSE_SERVICES_PORT:-15400}

port_of() { printf %s $((BASE_PORT + OFFSETS[$1])); }

# load ENGINE: its variables and functions.
# shellcheck disable=SC2034
load() {
  engine=$1
  home=$SERVICES/$engine
  data=$home/data
  port=$(port_of "$engine")
  user=            # who runs it when we are root; nobody: we do
  stop_signal=TERM # what it takes for "end in order"
  start_max=120    # seconds from its start until it must answer
  ask_max=15       # seconds that one question may take: a busy machine is no fault
  stop_max=20      # seconds that it may take to end
  ports=("$port")
  # shellcheck disable=SC2317
  finish() { :; }
  # shellcheck disable=SC2317
  release() { :; }
  # shellcheck disable=SC1090
  . "$ROOT/ops/services.d/$engine.sh"
  [ "$(id -u)" -eq 0 ] || user=
  # Nothing of the caller's environment decides how a server runs.
  surroundings=(env -i "HOME=$data" PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin LANG=C.UTF-8)
  as_user=()
  [ -z "$user" ] || as_user=(setpriv "--reuid=$user" "--regid=$user" --init-groups --)
  run_as=("${surroundings[@]}" "${as_user[@]}")
}

# The engine's folder, marked as ours so that nothing else is ever wiped.
open_home() {
  if [ -e "$home" ] && [ "$(cat "$home/engine" 2>/dev/null)" != "$engine" ]; then
    die "$engine: $home exists and was not made by ops/services; set PLAYHOUSE_SERVICES"
  fi
  mkdir -p "$home" && printf '%s\n' "$engine" >"$home/engine"
  chmod 750 "$home"
  mkdir -p "$data" && chmod 700 "$data"
  [ -z "$user" ] || { chgrp "$user" "$home" && chown "$user:$user" "$data"; }
  "${run_as[@]}" test -x "$home" ||
    die "$engine: user $user cannot enter $SERVICES; set PLAYHOUSE_SERVICES to a folder it can"
}

# write_config FILE: stdin becomes a file that the engine's user can read and others not.
write_config() {
  local file=$home/$1
  rm -f "$file"
  (umask 077 && cat >"$file")
  [ -z "$user" ] || { chgrp "$user" "$file" && chmod 640 "$file"; }
}

# The password of everything in this set of services.
secret() { cat "$SERVICES/secret"; }
make_secret() {
  [ -s "$SERVICES/secret" ] || (umask 077 && openssl rand -hex 16 >"$SERVICES/secret")
}

# ca.crt, server.crt and server.key in the engine's folder. The authority's key is not kept: nothing
# else can be signed by it.
make_certificate() {
  [ ! -s "$home/ca.crt" ] || return 0
  local work
  work=$(mktemp -d)
  (
    cd "$work"
    # Whatever the machine's own configuration of openssl is.
    printf '[req]\ndistinguished_name=name\n[name]\n' >openssl.cnf
    new=(openssl req -x509 -config openssl.cnf -newkey ec -nodes -days 3650)
    new+=(-pkeyopt ec_paramgen_curve:P-256)
    "${new[@]}" -keyout ca.key -out ca.crt -subj "/CN=playhouse $engine" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign &&
      "${new[@]}" -keyout server.key -out server.crt -subj /CN=localhost \
        -CA ca.crt -CAkey ca.key -addext basicConstraints=critical,CA:FALSE \
        -addext subjectAltName=DNS:localhost,IP:127.0.0.1
  ) 2>"$work/complaints" || die "$engine: openssl: $(tail -1 "$work/complaints")"
  write_config server.key <"$work/server.key"
  write_config server.crt <"$work/server.crt"
  write_config ca.crt <"$work/ca.crt"
  rm -rf "$work"
}

# ask PORT BYTES COUNT: sends BYTES (a printf format) and prints the first COUNT that come back, in
# hexadecimal.
ask() {
  # shellcheck disable=SC2016
  timeout "$ask_max" bash -c '
    exec 3<>"/dev/tcp/127.0.0.1/$0" && printf "$1" >&3 &&
      head -c "$2" <&3 | od -An -v -tx1 | tr -d " \n"' "$@" 2>/dev/null
}

# shellcheck disable=SC2016
listens() { timeout "$ask_max" bash -c 'exec 3<>"/dev/tcp/127.0.0.1/$0"' "$1" 2>/dev/null; }

# What both doors to PostgreSQL must answer, over TLS and from the database.
select_1() {
  PGPASSWORD=$(secret) PGCONNECT_TIMEOUT=$ask_max timeout "$ask_max" psql -X -q -At \
    "host=127.0.0.1 port=$port user=playhouse dbname=playhouse sslmode=verify-full
     sslrootcert=$home/ca.crt" -c 'SELECT 1' 2>&1 | grep -qx 1
}

# Fails, saying which, when another program has a port of this engine.
ports_free() {
  local taken
  for taken in "${ports[@]}"; do
    ! listens "$taken" ||
      die "$engine: port $taken is taken by another program; set PLAYHOUSE_SERVICES_PORT"
  done
}
