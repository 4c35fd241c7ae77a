# shellcheck shell=bash
# Private servers as plain child processes. Each is known by its pid and the instant it started,
# so that a pid which the kernel has given to something else is never signalled.

# free_port: a TCP port on loopback that nothing listens on, below those that Linux gives to
# connections by itself, so that a server that is started again gets it back.
free_port() {
  python3 -B - <<'EOF'
import random, socket
while True:
    port = random.randrange(10240, 32768)
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            continue
    print(port)
    break
EOF
}

# start_process FOLDER NAME COMMAND…: runs it in a session of its own, so that Ctrl-C reaches the
# script and not the server. Writes NAME.pid and NAME.log in FOLDER.
start_process() {
  local folder=$1 name=$2
  shift 2
  setsid "$@" >"$folder/$name.log" 2>&1 </dev/null &
  printf '%s %s\n' "$!" "$(process_start "$!")" >"$folder/$name.pid"
  started_processes+=("$folder/$name.pid")
}

# process_start PID: clock ticks from boot to its start, field 22 of proc(5) stat.
process_start() {
  sed -e 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d ' ' -f 20
}

# is_running PIDFILE: whether the recorded process lives.
is_running() {
  local pid start
  [ -f "$1" ] && read -r pid start <"$1" || return 1
  [ -n "$start" ] && [ "$(process_start "$pid")" = "$start" ]
}

# stop_process PIDFILE: ends the recorded process and waits for its end; quiet when it is gone.
stop_process() {
  local pid tries
  if is_running "$1"; then
    read -r pid _ <"$1"
    kill -TERM "$pid" 2>/dev/null || true
    for ((tries = 0; tries < 100; tries++)); do
      is_running "$1" || break
      sleep 0.1
    done
    if is_running "$1"; then kill -KILL "$pid" 2>/dev/null || true; fi
  fi
  rm -f "$1"
}

stop_all_processes() {
  local file
  for file in "${started_processes[@]}"; do stop_process "$file"; done
  started_processes=()
}

# wait_for FOLDER NAME COMMAND…: until COMMAND succeeds, for 30 seconds, while the process lives.
wait_for() {
  local folder=$1 name=$2 tries
  shift 2
  for ((tries = 0; tries < 300; tries++)); do
    "$@" >/dev/null 2>&1 && return
    is_running "$folder/$name.pid" || break
    sleep 0.1
  done
  tail -n 20 "$folder/$name.log" >&2
  fail 69 "$name did not start; its last words are above"
}
