# shellcheck shell=bash
# `scripts/bench ldap`: what Bellhop's LDAP target costs, next to a program in C on libldap that does
# the least that can do the same job (Benchmarks/reference/ldap.c), and to ldapmodify fed one change
# per record. Sourced by scripts/bench, which sets what is not set here.
# shellcheck disable=SC2154

# bench_ldap [--accounts N] [--groups N] [--members N] [--repeats N] [--slow]
bench_ldap() {
  local accounts=100000 groups=1000 members=1000 repeats=3 slow='' compiler
  while [ $# -gt 0 ]; do
    case $1 in
      --accounts) accounts=$2 && shift ;;
      --groups) groups=$2 && shift ;;
      --members) members=$2 && shift ;;
      --repeats) repeats=$2 && shift ;;
      --slow) slow=yes ;;
      *) fail 64 "unknown option $1: --accounts N, --groups N, --members N, --repeats N, --slow" ;;
    esac
    shift
  done
  note "building in release mode (the first time takes minutes)"
  cd "$repository" || fail 70 "no $repository"
  swift build -c release --product ldap-benchmark >&2
  swift build -c release --product bellhop >&2
  PATH=$(swift build -c release --show-bin-path):$PATH
  make_work_folder ldap
  compiler=$(command -v cc || command -v clang) || fail 69 "no C compiler for Benchmarks/reference"
  "$compiler" -O2 -Wall -Wextra -o "$work/ldap-reference" Benchmarks/reference/ldap.c -lldap -llber
  "$compiler" -O2 -shared -fPIC -o "$work/slowsync.so" Benchmarks/reference/slowsync.c
  PATH=$work:$PATH
  make_bench_directory
  say "$accounts accounts, $groups groups of $members, one of $accounts; median of $repeats"
  measure_reading
  measure_writing "a free flush"
  if [ -n "$slow" ]; then
    restart_slapd_with_slow_disk
    measure_writing "2 ms a flush"
  fi
  say "$(nproc) processors, load $(cut -d ' ' -f 1 /proc/loadavg) at the end"
}

make_bench_directory() {
  note "making a directory of $accounts accounts and $((groups * members)) memberships"
  (umask 077 && openssl rand -hex 16 | tr -d '\n' >"$work/corp.secret")
  awk -v RS= "/(^|\\n)dn: $service\\n/" "$repository/fixtures/ldif/base.ldif" >"$work/service.ldif"
  python3 "$library/ldap-world.py" "$accounts" "$groups" "$members" "$directory_suffix" \
    >"$work/directory.ldif"
  python3 -c 'import sys
for number in range(int(sys.argv[1])): print(f"uid=u{number:07},ou=guests,{sys.argv[2]}")' \
    "$accounts" "$directory_suffix" >"$work/members"
  make_directory "$work/ldap" "$work/corp.secret" "$work/directory.ldif" "$work/service.ldif"
  rm "$work/directory.ldif"
  slapd_settings_of_bench
  start_slapd "$work/ldap" "$(free_port)"
  access=("$ldap_url" "$service" "$work/corp.secret" "$directory_suffix")
}

# The demo's rules let the service account write below ou=guests and ou=groups only.
slapd_settings_of_bench() {
  "$(slapd_program "$work/ldap")" -T modify -F "$work/ldap/config" -n 0 >"$work/modify.log" 2>&1 <<LDIF ||
dn: olcDatabase={1}mdb,cn=config
changetype: modify
replace: olcDbMaxSize
olcDbMaxSize: 8589934592
-
add: olcAccess
olcAccess: {0}to dn.subtree="$directory_suffix" attrs=entry,children,@inetOrgPerson,@groupOfNames,entryUUID,entryCSN by dn.exact="$service" write by * break

LDIF
    { cat "$work/modify.log" >&2 && fail 65 "slapmodify refused the settings of the bench"; }
}

restart_slapd_with_slow_disk() {
  stop_process "$work/ldap/slapd.pid"
  start_process "$work/ldap" slapd env LD_PRELOAD="$work/slowsync.so" SLOWSYNC_US=2000 \
    "$(slapd_program "$work/ldap")" -F "$work/ldap/config" -d 0 -h "$ldap_url $ldapi_url"
  wait_for "$work/ldap" slapd ldapsearch -x -H "$ldap_url" -s base -b '' 1.1
}

measure_reading() {
  local turn
  : >"$work/measured"
  for ((turn = 0; turn < repeats; turn++)); do
    note "reading, turn $((turn + 1)) of $repeats"
    take "C: read everything" ldap-reference read "${access[@]}"
    take "Bellhop: read everything" ldap-benchmark read "${access[@]}" "$groups"
    take "C: accounts, and that no group changed" ldap-reference skip "${access[@]}"
    # Without a memory it reads everything and leaves one.
    [ -e "$work/memory" ] || take "" ldap-benchmark skip "${access[@]}" "$groups" "$work/memory"
    take "Bellhop: accounts, and that no group changed" \
      ldap-benchmark skip "${access[@]}" "$groups" "$work/memory"
    take "C: accounts, and one group of $accounts" ldap-reference large "${access[@]}"
    take "Bellhop: accounts, and one group of $accounts" \
      ldap-benchmark large "${access[@]}" "cn=large,ou=large,$directory_suffix"
  done
  note "hand edits"
  take "Bellhop: a hand edit undone, all accounts read, the slowest of 20" \
    ldap-benchmark repair "${access[@]}" 20 reading "$work/memory.repair"
  take "Bellhop: a hand edit undone, the slowest of 100" \
    ldap-benchmark repair "${access[@]}" 100 keeping "$work/memory.repair"
  take "Bellhop: a hand edit undone by 'bellhop run', the slowest of 100" \
    python3 "$library/bench-doorbell.py" "$work/loop" "$ldap_url" "$service" "$work/corp.secret" \
    "$directory_suffix" $((groups < 100 ? groups : 100)) 100
  say "  by 'bellhop run': $(tail -n 1 "$work/said")"
  table "Reading"
}

measure_writing() {
  local large="cn=large,ou=large,$directory_suffix" empty="cn=empty,ou=large,$directory_suffix"
  local turn removed=$((accounts / 10)) created=$((accounts / 10))
  : >"$work/measured"
  for ((turn = 0; turn < repeats; turn++)); do
    note "writing with $1, turn $((turn + 1)) of $repeats"
    for side in C look Bellhop; do
      local name=$side program=ldap-reference look=''
      case $side in
        look) name='C looking' look=look- ;;
        Bellhop) program=ldap-benchmark ;;
      esac
      take "$name: $accounts into an empty group" \
        $program ${look}fill "${access[@]}" "$empty" "$work/members"
      empty_group "$empty"
      [ "$side" != Bellhop ] || take "$name: the server asked about $removed out of $accounts" \
        $program ask "${access[@]}" "$large" "$work/members" "$removed"
      take "$name: $removed out of $accounts" \
        $program ${look}remove "${access[@]}" "$large" "$work/members" "$removed"
      head -n "$removed" "$work/members" >"$work/gone"
      take "" ldap-reference fill "${access[@]}" "$large" "$work/gone"
      take "$name: 100 into each of $groups groups" \
        $program ${look}spread "${access[@]}" "$work/members" 100 "$groups"
      empty_spread
      [ -z "$look" ] || continue
      take "$name: $created accounts" $program create "${access[@]}" "$created"
      take "" ldap-reference delete "${access[@]}" "$created"
    done
  done
  take "ldapmodify: 200 into a group of $accounts" one_by_one add "$large" 200
  take "ldapmodify: 200 out of a group of $accounts" one_by_one delete "$large" 200
  table "Writing, $1"
}

# take NAME COMMAND…: keeps the line that the command prints under the name; nothing without one.
take() {
  local name=$1 line
  shift
  line=$("$@" 2>"$work/said") || { cat "$work/said" >&2 && fail 70 "cannot measure '$name'"; }
  [ -z "$name" ] || printf '%s\t%s\n' "$name" "$line" >>"$work/measured"
}

# one_by_one OPERATION GROUP COUNT: what a script does today.
one_by_one() {
  local number
  for ((number = 0; number < $3; number++)); do
    printf 'dn: %s\nchangetype: modify\n%s: member\nmember: uid=x%07d,ou=guests,%s\n\n' \
      "$2" "$1" "$number" "$directory_suffix"
  done >"$work/changes.ldif"
  python3 "$library/measure.py" "$work/one" 0 one ldapmodify -x -H "$ldap_url" -D "$service" \
    -y "$work/corp.secret" -f "$work/changes.ldif" >/dev/null
  tail -n 1 "$work/one" | awk -F '\t' -v count="$3" \
    '{ printf "%.4f\t%.4f\t%.1f\t%d\n", $2, $3, $4, count }'
}

empty_group() {
  printf 'dn: %s\nchangetype: modify\nreplace: member\nmember: cn=nobody,%s\n' \
    "$1" "$directory_suffix" | apply_ldif
}

empty_spread() {
  local number
  for ((number = 0; number < groups; number++)); do
    printf 'dn: cn=g-%05d,ou=spread,%s\nchangetype: modify\nreplace: member\nmember: cn=nobody,%s\n\n' \
      "$number" "$directory_suffix" "$directory_suffix"
  done | apply_ldif
}

apply_ldif() {
  ldapmodify -x -H "$ldap_url" -D "$service" -y "$work/corp.secret" >"$work/said" 2>&1 ||
    { tail -n 5 "$work/said" >&2 && fail 70 "cannot reset the directory"; }
}

table() {
  say
  say "$1"
  python3 "$library/ldap-table.py" "$work/measured"
}
