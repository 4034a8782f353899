# What ops/demo and ops/test have in common: set-up, builds, a node, times.
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

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }
now_ms() { date +%s%3N; }
# "12.3 s" since a moment of now_ms.
since() { awk -v a="$1" -v b="$(now_ms)" 'BEGIN { printf "%.1f s", (b - a) / 1000 }'; }

# The one list of Debian packages: name, then why. The third column says which command needs it.
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
g++                compiles fdk-aac (C++) and SQLite (C)                          demo
curl               asks the node's addresses from the scripts                     demo
nodejs             builds the web pages                                           demo
npm                builds the web pages                                           demo
chromium           the browser stories play in a real browser                     test
END
}

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

# A package counts as there when it is installed, or when the command of its name is.
have() {
  installed "$1" && return
  case $1 in
    nodejs) command -v node ;;
    npm | clang | nasm | pkg-config | curl | ffmpeg | chromium | g++) command -v "$1" ;;
    *) return 1 ;;
  esac >/dev/null 2>&1
}

# need_packages demo|test: installs what is missing and says which and why.
need_packages() {
  local missing=() name why
  while read -r name why; do
    [[ $why == *demo || $1 == test ]] || continue
    have "$name" && continue
    missing+=("$name")
    say "needs $name: ${why% *}" | sed 's/ *$//'
  done < <(packages)
  [ ${#missing[@]} -eq 0 ] && return
  local root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "cannot install: neither root nor sudo; install these packages: ${missing[*]}"
    root=(sudo)
  fi
  say "installs ${#missing[@]} Debian packages"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >"$CACHE/apt.log" 2>&1 ||
    { tail -20 "$CACHE/apt.log" >&2; die "apt-get failed; its log is $CACHE/apt.log"; }
}

need_rust() {
  [ -f "$HOME/.cargo/env" ] && . "$HOME/.cargo/env"
  command -v cargo >/dev/null || die "no cargo found: install Rust with rustup first"
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
