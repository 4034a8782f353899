# shellcheck shell=bash
# What the commands of this folder have in common: set-up, builds, a node, times.
#
# Sourced, not run. Everything that is kept lies in one cache folder, so that a second run costs
# nothing; everything that is started is ended by its process id.

set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
CACHE=${PLAYHOUSE_CACHE:-$HOME/.cache/playhouse}
mkdir -p "$CACHE"
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
export npm_config_cache=${npm_config_cache:-$CACHE/npm}
export npm_config_update_notifier=false
# Where ops/services keeps what the real engines write. For root they run as users of their own,
# who cannot enter the superuser's home.
SERVICES=${PLAYHOUSE_SERVICES:-$CACHE/services}
[ "$(id -u)" -ne 0 ] || SERVICES=${PLAYHOUSE_SERVICES:-/var/lib/playhouse/services}

# Where ops/cluster keeps its nodes; for root their engines run as such users, too.
CLUSTER=${PLAYHOUSE_CLUSTER:-$CACHE/cluster}
[ "$(id -u)" -ne 0 ] || CLUSTER=${PLAYHOUSE_CLUSTER:-/var/lib/playhouse/cluster}

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
now_ms() { date +%s%3N; }
# "12.3 s" between two moments of now_ms, and since one.
between() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.1f s", (b - a) / 1000 }'; }
since() { between "$1" "$(now_ms)"; }

# The one list of Debian packages: name, then why. The third column says what needs it: a command,
# or services/ and an engine of ops/services; several with commas.
packages() {
  cat <<'END'
ffmpeg             plays every rendition back in the checks                       demo
libavcodec-dev     codec-worker links FFmpeg: decoders and encoders               demo
libavformat-dev    codec-worker links FFmpeg: containers                          demo
libavfilter-dev    codec-worker links FFmpeg: scaling, rate and audio filters     demo
libswscale-dev     codec-worker links FFmpeg: picture scaling                     demo
libswresample-dev  codec-worker links FFmpeg: audio resampling                    demo
clang              reads FFmpeg's headers when the worker's bindings are made     demo
libclang-dev       reads FFmpeg's headers when the worker's bindings are made     demo
pkg-config         finds the FFmpeg libraries                                     demo
nasm               assembles the codecs' inner loops                              demo
g++                compiles fdk-aac (C++) and SQLite (C)                         demo,services/kafka
make               builds the client of Kafka (librdkafka)                          demo
curl               asks the node's addresses from the scripts           demo,services/s3,cluster,observe
nodejs             builds the web pages                                           demo,cluster,observe
npm                builds the web pages                                           demo
chromium           the browser stories play in a real browser                     test
postgresql-15      real engine: records                                           services/postgres
pgbouncer          real engine: shares connections to PostgreSQL                  services/pgbouncer
redis-server       real engine: cache                              services/redis,services/redis-cluster
rabbitmq-server    real engine: wakes workers                                     services/rabbitmq
openssl            makes passwords and certificates              services,certs,cluster,test
haproxy            the proxy in front of several nodes                            cluster
prometheus         keeps the metrics of the nodes and tests their rules           observe,test
prometheus-alertmanager  tells people of alerts                                   alerts,test
END
}

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# A package counts as there when it is installed, or when the command of its name is.
have() {
  installed "$1" && return
  case $1 in
    nodejs) command -v node ;;
    npm | clang | nasm | make | pkg-config | curl | ffmpeg | chromium | g++) command -v "$1" ;;
    *) return 1 ;;
  esac >/dev/null 2>&1
}

# wanted TAGS NEED: is what needs the tags (commas between) NEED, or does it imply it? `test` needs
# what `demo` does, each engine what `services` does, and `services` is every engine.
wanted() {
  case ,$1, in *,"$2",* | *,"$2"/*) return ;; esac
  case $2 in
    test) wanted "$1" demo ;;
    services/*) [[ ,$1, == *,services,* ]] ;;
    *) return 1 ;;
  esac
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

# need_packages NEED…: installs what is missing for any of them and says which and why.
need_packages() {
  local missing=() name why need
  while read -r name why; do
    for need in "$@"; do
      wanted "${why##* }" "$need" || continue
      have "$name" && break
      missing+=("$name")
      say "needs $name: ${why% *}" | sed 's/ *$//'
      break
    done
  done < <(packages)
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    die "cannot install: neither root nor sudo; install these packages: ${missing[*]}"
  say "installs ${#missing[@]} Debian packages"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  without_starting as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
    -o DPkg::Lock::Timeout=300 --no-install-recommends "${missing[@]}" >"$CACHE/apt.log" 2>&1 ||
    { tail -20 "$CACHE/apt.log" >&2; die "apt-get failed; its log is $CACHE/apt.log"; }
  rest_units "${missing[@]}"
}

# without_starting COMMAND…: runs it while packages may not start the servers they bring. A rule
# that the machine has already stays.
without_starting() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    trap 'as_root rm -f "$policy"' EXIT
    trap 'exit 130' INT TERM
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  "$@"
)

# rest_units PACKAGE…: servers that were installed just now are ours to start; the machine itself
# starts none, neither now nor when it boots.
rest_units() {
  local name unit
  command -v systemctl >/dev/null || return 0
  for name in "$@"; do
    case $name in
      postgresql-15) unit=postgresql ;;
      pgbouncer | redis-server | rabbitmq-server | haproxy | prometheus*) unit=$name ;;
      *) continue ;;
    esac
    as_root systemctl disable --quiet "$unit" >>"$CACHE/apt.log" 2>&1 || true
    [ ! -d /run/systemd/system ] || as_root systemctl stop --quiet "$unit"
  done
}

need_rust() {
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cargo >/dev/null || die "no cargo found: install Rust with rustup first"
  own_builds
}

# Cargo tells the sources of two checkouts apart by their times only, so what another one built here
# later would be taken for this one's. Dependencies stay.
own_builds() {
  local owner=$CARGO_TARGET_DIR/checkout
  [ "$(cat "$owner" 2>/dev/null)" != "$ROOT" ] || return 0
  rm -rf "$CARGO_TARGET_DIR"/*/.fingerprint/playhouse*
  mkdir -p "$CARGO_TARGET_DIR"
  printf %s "$ROOT" >"$owner"
}

# need_server NAME VERSION [ARGS…]: a server that cargo builds, once per machine; sets SERVER to its
# program. Half a build is gone on with, so a broken line costs little.
need_server() {
  local root=$CACHE/servers/$1-$2 log=$CACHE/servers/$1.log
  SERVER=$root/bin/$1
  [ -x "$SERVER" ] && return
  need_rust
  mkdir -p "$CACHE/servers"
  say "builds $1 $2, once; some minutes (its log is $log)"
  (
    flock 8
    [ ! -x "$SERVER" ] || exit 0
    CARGO_TARGET_DIR=$root.build cargo install "$1" --version "$2" --locked "${@:3}" \
      --root "$root.new" >"$log" 2>&1 || exit
    mv "$root.new" "$root" && rm -rf "$root.build"
  ) 8>"$CACHE/servers/.$1.lock" ||
    { tail -20 "$log" >&2; die "$1 $2 was not built; the log is $log"; }
}

# use_services ENGINE…: starts real engines and exports their PLAYHOUSE_TEST_ addresses to what
# follows. The caller ends them: trap '"$ROOT/ops/services" down' EXIT.
use_services() {
  "$ROOT/ops/services" up "$@" && . "$SERVICES/env"
}

# One word that changes when any of the given files does.
fingerprint() {
  (cd "$ROOT" && git ls-files -co --exclude-standard -z -- "$@" 2>/dev/null || find "$@" -type f -print0) |
    (cd "$ROOT" && xargs -0 -r sha256sum 2>/dev/null) | sha256sum | cut -d' ' -f1
}

# done_for KEY WORD: true when this checkout did KEY for WORD already; remember KEY WORD: says so.
stamp() { printf '%s/stamps/%s-%s' "$CACHE" "$(printf %s "$ROOT" | sha256sum | cut -c1-12)" "$1"; }
done_for() { [ "$(cat "$(stamp "$1")" 2>/dev/null)" = "$2" ]; }
remember() { mkdir -p "$CACHE/stamps"; printf %s "$2" >"$(stamp "$1")"; }

need_web_modules() {
  local lock
  lock=$(fingerprint web/package-lock.json)
  [ -d "$ROOT/web/node_modules" ] && done_for npm "$lock" && return
  (cd "$ROOT/web" && npm ci --no-audit --no-fund --loglevel=error) && remember npm "$lock"
}

# The pages are embedded in the binary, so they come first.
build_web() {
  local sources
  sources=$(fingerprint web)
  [ -d "$ROOT/web/dist" ] && done_for web "$sources" && return
  need_web_modules && (cd "$ROOT/web" && npm run --silent build) && remember web "$sources"
}

free_port() {
  node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{process.stdout.write(String(s.address().port));s.close()})'
}

# start_node BINARY DATA [ARGS…]: sets NODE_PID and NODE_URL; logs to DATA/../node.log.
start_node() {
  local binary=$1 data=$2 port tries=0
  shift 2
  port=$(free_port)
  NODE_URL=http://127.0.0.1:$port
  NODE_LOG=$(dirname "$data")/node.log
  "$binary" serve --config "$ROOT/cluster.toml" --data "$data" --listen "127.0.0.1:$port" "$@" \
    >"$NODE_LOG" 2>&1 &
  NODE_PID=$!
  until curl -fsS -o /dev/null "$NODE_URL/readyz" 2>/dev/null; do
    kill -0 "$NODE_PID" 2>/dev/null || { tail -5 "$NODE_LOG" >&2; die "the node did not start"; }
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || die "the node is not ready after 30 s; its log is $NODE_LOG"
    sleep 0.1
  done
}

# Asks the node to stop and waits for it; its own deadline bounds the wait.
stop_node() {
  [ -n "${NODE_PID:-}" ] || return 0
  kill -TERM "$NODE_PID" 2>/dev/null || true
  wait "$NODE_PID" 2>/dev/null || true
  NODE_PID=
}
