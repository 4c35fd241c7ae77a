# shellcheck shell=bash
# Installs what is missing, and nothing else: Debian packages as root or through sudo, and the
# SCIM service provider into a Python virtual environment inside the repository.
#
# Not every script uses every list that is set here.
# shellcheck disable=SC2034

# What bellhop is built with, and the servers that the demo and the tests start.
build_packages=(libcurl4-openssl-dev libldap2-dev libsqlite3-dev libssl-dev pkg-config)
server_packages=(ca-certificates curl ldap-utils openssl python3 python3-venv slapd)
# What the tests and the linter look at files with.
test_packages=(389-ds-base faketime nginx python3-lib389 samba samba-ad-provision
  samba-dsdb-modules shellcheck sqlite3)

# install_packages PACKAGE…
install_packages() {
  local missing=() package
  for package in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
      missing+=("$package")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0

  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail 77 \
      "missing Debian packages: ${missing[*]}; install them as root: apt-get install ${missing[*]}"
    as_root=(sudo)
  fi
  note "installing Debian packages: ${missing[*]}"
  "${as_root[@]}" sh "$library/apt-install.sh" "${missing[@]}" || fail 69 \
    "could not install Debian packages, see above; as root: apt-get install ${missing[*]}"
}

# install_scim_service: sets $scim_venv.
install_scim_service() {
  scim_venv=$repository/.venv/scim
  install_python "$scim_venv" "$repository/deploy/docker/scim/requirements.txt"
}

# install_scim_test_services: the service providers of another temper that only the tests use.
install_scim_test_services() {
  local name
  for name in django canaille secure; do
    install_python "$repository/.venv/scim-$name" "$library/scim-servers/$name.txt"
  done
}

# install_python FOLDER PINS: a virtual environment. The stamp holds the pins and the place, because
# a virtual environment does not survive a move.
install_python() {
  local folder=$1 pins=$2 stamp
  stamp=$(printf '%s\n' "$folder"; cat "$pins")
  [ "$(cat "$folder/pins" 2>/dev/null)" != "$stamp" ] || return 0
  note "installing $(head -1 "$pins") into ${folder#"$repository"/}"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$pins" || fail 69 \
    "pip could not install $(paste -sd ' ' "$pins"); its words are above"
  printf '%s\n' "$stamp" >"$folder/pins"
}

# hand_over_to_caller SCRIPT ARGUMENT…: under sudo, in a working copy that belongs to the person
# who called it, root was needed for packages only. The rest runs as that person, so that the
# build folder stays theirs.
hand_over_to_caller() {
  [ "$(id -u)" -eq 0 ] && [ "${SUDO_UID:-0}" -ne 0 ] || return 0
  [ "$(stat -c %u "$repository")" = "$SUDO_UID" ] || return 0
  local folder home
  for folder in "$repository"/.build* "$repository/.venv"; do
    [ ! -e "$folder" ] || chown -hR "$SUDO_UID:$SUDO_GID" "$folder"
  done
  home=$(getent passwd "$SUDO_UID" | cut -d : -f 6)
  exec setpriv --reuid "$SUDO_UID" --regid "$SUDO_GID" --init-groups --inh-caps=-all \
    env -u SUDO_UID -u SUDO_GID -u SUDO_USER -u SUDO_COMMAND \
    HOME="$home" PATH="$PATH" "$@"
}
