# shellcheck shell=bash
# One node with the embedded engines that is there to be loaded, and broken.
#
# Sourced, not run, by ops/soak and ops/baselines, after lib.sh and process.sh. Its folder is
# `work`, its port `port`; faults are commands of their own, which read both from the folder.

# A node that was killed while it had much to do takes some seconds.
READY_MAX_S=60

# Sets bin: the programs of the folder $PLAYHOUSE_BIN, or what is built here.
programs() {
  if [ -z "${PLAYHOUSE_BIN:-}" ]; then
    need_rust
    need_packages demo
    build_web
    (cd "$ROOT" && cargo build --release --locked --quiet \
      --bin playhouse --bin codec-worker --bin loadtests)
  fi
  bin=${PLAYHOUSE_BIN:-$CARGO_TARGET_DIR/release}
}

start_one() {
  (cd "$work" && launch "$work/node" "$bin/playhouse" serve --config "$ROOT/cluster.toml" \
    --data "$work/data" --listen "127.0.0.1:$port")
  wait_for "$READY_MAX_S" curl -fsS --max-time 5 -o /dev/null "http://127.0.0.1:$port/readyz" \
    2>/dev/null || { tail -5 "$work/node.log" >&2; die "the node is not ready; see $work/node.log"; }
}

# publish FILM SERVER TOKENFILE: several contents, so that popularity has something to choose from.
publish() {
  local number
  for number in 1 2 3 4 5; do
    "$bin/playhouse" upload "$1" --title "Trial $number" --server "$2" --token "$(cat "$3")" \
      --wait >"$work/upload.log" 2>&1 ||
      { tail -3 "$work/upload.log" >&2; die "the film was not published"; }
  done
}
