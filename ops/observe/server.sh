# shellcheck shell=bash
# What ops/observe/up and ops/observe/down have in common: the folder, the ports, the user.
#
# Sourced, not run, after lib.sh and process.sh. In the folder: `prometheus` and `alertmanager` with
# the configuration of each, its process id, its log, and `data`, which belongs to its user.

# For root both run as the user of Debian's package, who cannot enter the superuser's home.
OBSERVE=${PLAYHOUSE_OBSERVE:-$CACHE/observe}
[ "$(id -u)" -ne 0 ] || OBSERVE=${PLAYHOUSE_OBSERVE:-/var/lib/playhouse/observe}
PORT=${PLAYHOUSE_OBSERVE_PORT:-15600}
# Both write what they have in memory to the disk when they end.
STOP_MAX_S=30

usage() { printf '%s: %s (%s --help says how)\n' "$NAME" "$*" "$NAME" >&2; exit 2; }

check_environment() {
  if [[ ! $PORT =~ ^[1-9][0-9]{3,4}$ || $PORT -lt 1024 || $PORT -gt 65500 ]]; then
    usage "PLAYHOUSE_OBSERVE_PORT is $PORT: a port from 1024 to 65500 is wanted"
  fi
  # It is written into configurations.
  [[ $OBSERVE =~ ^/[[:alnum:]._/-]+$ ]] ||
    usage "PLAYHOUSE_OBSERVE is $OBSERVE: an absolute path of letters, digits, ., _ and - is wanted"
}

address_of() {
  case $1 in
    prometheus) printf '127.0.0.1:%s' "$PORT" ;;
    alertmanager) printf '127.0.0.1:%s' $((PORT + 1)) ;;
  esac
}

# One command at a time. The lock also marks the folder as made here.
lock() {
  if [ -e "$OBSERVE" ] && [ ! -e "$OBSERVE/lock" ] && [ -n "$(ls -A "$OBSERVE")" ]; then
    die "$NAME: $OBSERVE was not made by ops/observe/up; set PLAYHOUSE_OBSERVE"
  fi
  (umask 022 && mkdir -p "$OBSERVE") || die "cannot make $OBSERVE"
  exec 9>"$OBSERVE/lock"
  flock -n 9 || { say "waits for another command in $OBSERVE"; flock 9; }
}

halt_server() { halt "$OBSERVE/$1/server" TERM "$STOP_MAX_S"; }
