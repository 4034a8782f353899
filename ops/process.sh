# shellcheck shell=bash
# Servers by process id: start one, find it again, end it.
#
# Sourced, not run, after lib.sh. A process id is used again by the system, so a pid file holds also
# when the process began and in which boot: what does not match is not ours and is never signalled.

# What makes a process that one and no later one with the same id; nothing when it is gone.
identity() {
  local stat state began
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # After the name, which may hold anything, come the state and, 19 further, the start.
  read -r state _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ began _ <<<"${stat##*) }"
  # A zombie has ended and waits for its parent.
  [ "$state" = Z ] || printf '%s %s %s' "$1" "$began" "$(cat /proc/sys/kernel/random/boot_id)"
}

# pid_in FILE: the process id of a pid file whose process still runs; else it fails.
pid_in() {
  local pid rest
  read -r pid rest <"$1" || return
  [ "$(identity "$pid")" = "$pid $rest" ] && printf %s "$pid"
} 2>/dev/null

# launch FILE COMMAND…: starts a server without a terminal and writes FILE.pid and FILE.log; the
# log of the run before is kept. The caller's folder is the server's.
launch() {
  local file=$1 pid
  shift
  [ ! -e "$file.log" ] || mv -f "$file.log" "$file.log.before"
  # A session of its own: Ctrl-C on the terminal is not for it. Nor is the lock of ops/services.
  setsid "$@" </dev/null >"$file.log" 2>&1 9>&- &
  pid=$!
  say "$(identity "$pid")" >"$file.pid"
}

# halt FILE SIGNAL SECONDS: ends the server of FILE.pid, orderly and then hard, and waits until it
# is gone. Fails when it stays.
halt() {
  local file=$1 signal=$2 seconds=$3 pid
  if pid=$(pid_in "$file.pid"); then
    kill -s "$signal" "$pid" 2>/dev/null || true
    gone "$file.pid" "$seconds" || {
      say "$file.pid: still runs after $seconds s, is killed"
      kill -s KILL "$pid" 2>/dev/null || true
      gone "$file.pid" 10 || return
    }
  fi
  rm -f "$file.pid"
}

# gone PIDFILE SECONDS: waits for the end of its process.
gone() {
  local tries=$(($2 * 20))
  while pid_in "$1" >/dev/null; do
    [ $((tries -= 1)) -ge 0 ] || return
    sleep 0.05
  done
}

# wait_for SECONDS COMMAND…: asks until it succeeds; its own duration counts.
wait_for() {
  local end=$(($(now_ms) + $1 * 1000)) pause=1
  shift
  until "$@"; do
    [ "$(now_ms)" -lt "$end" ] || return
    # From 0.1 s up to 0.8 s: asking must not take the time that starting needs.
    sleep "0.$pause"
    [ "$pause" -eq 8 ] || pause=$((pause * 2))
  done
}

# with_children PID: its id and those of all below it.
with_children() {
  local child
  printf '%s\n' "$1"
  # Ids with blanks between: words are wanted.
  # shellcheck disable=SC2013
  for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
    with_children "$child"
  done
}

# memory_kb PID…: what the processes take, pages that they share counted once.
memory_kb() {
  local pid
  for pid in "$@"; do
    cat "/proc/$pid/smaps_rollup" 2>/dev/null || true
  done | awk '$1 == "Pss:" { n += $2 } END { print n + 0 }'
}

# connections PORT: how many clients on this machine are connected to it (proc(5), net/tcp: local
# address, remote address, state; 01 is established).
connections() {
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$(printf ':%04X' "$1")" '$4 == "01" && $2 ~ port "$" { n++ } END { print n + 0 }'
}
