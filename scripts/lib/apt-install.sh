#!/bin/sh
# apt-install.sh PACKAGE…, as root: installs Debian packages quietly and starts no service.
#
# slapd's package would otherwise configure a directory of its own and start it on port 389; the
# scripts here only need the program. What is changed to prevent that is put back.
set -eu
export DEBIAN_FRONTEND=noninteractive

policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

log=$(mktemp)
quietly() { "$@" >"$log" 2>&1; }

case " $* " in
*" slapd "*) echo 'slapd slapd/no_configuration boolean true' | debconf-set-selections ;;
esac
# A third-party list that cannot be fetched must not stop an install from the lists that can.
quietly apt-get update -q || cat "$log" >&2
if ! quietly apt-get install -q -y --no-install-recommends "$@"; then
  cat "$log" >&2
  rm -f "$log"
  exit 1
fi
rm -f "$log"
# Otherwise they would be up after the next start of the machine, and nobody asked for that.
case " $* " in
*" samba "*) systemctl disable smbd nmbd samba-ad-dc winbind >/dev/null 2>&1 || : ;;
esac
case " $* " in
*" nginx "*) systemctl disable nginx >/dev/null 2>&1 || : ;;
esac
