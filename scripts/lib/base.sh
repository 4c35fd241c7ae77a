# shellcheck shell=bash
# Shared by the scripts in the folder above: where things are, messages, a private work folder.
# Source it first; it sets the shell's strict mode.
#
# Not every script uses every name that is set here.
# shellcheck disable=SC2034

set -euo pipefail
export LC_ALL=C.UTF-8

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
library=$repository/scripts/lib
started_processes=()
work=

say() { printf '%s\n' "$*"; }
note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

# fail CODE MESSAGE: the exit codes are those of sysexits.h, as in bellhop itself.
fail() {
  note "$2"
  exit "$1"
}

# Makes $work, a private folder that the exit trap removes together with every process in it.
# It is short on purpose: the path of a unix socket must fit in 107 bytes.
make_work_folder() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/bellhop-$1.XXXXXX")
  trap clean_up EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

clean_up() {
  trap '' HUP INT TERM
  [ -n "$work" ] || return 0
  stop_all_processes
  rm -rf "$work"
  work=
}

# Leaves the work folder and what runs in it behind when the script ends.
keep_work_folder() {
  trap - EXIT
}

# swift may be on the login PATH of the person who called sudo, and not on sudo's own.
require_swift() {
  local folder
  if ! command -v swift >/dev/null; then
    for folder in "${SUDO_USER:+$(login_folder_of_swift)}" /opt/swift/usr/bin \
      /usr/local/swift/usr/bin /usr/libexec/swift/bin "$HOME/.local/share/swiftly/bin"; do
      [ -n "$folder" ] && [ -x "$folder/swift" ] && PATH=$folder:$PATH && break
    done
  fi
  command -v swift >/dev/null || fail 69 \
    "no swift on PATH: install the Swift 6.3 toolchain for Debian 12, then put its usr/bin on PATH"
  local answer version
  answer=$(swift --version 2>&1) ||
    fail 69 "$(command -v swift) does not run: $(head -1 <<<"$answer")"
  version=$(sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$answer")
  [ "$(printf '6.2\n%s\n' "$version" | sort -V | head -1)" = 6.2 ] ||
    fail 69 "swift is version ${version:-unknown}, and Bellhop needs 6.2 or later"
}

login_folder_of_swift() {
  local path
  path=$(runuser -l "$SUDO_USER" -c 'command -v swift' 2>/dev/null) && dirname "$path"
}
