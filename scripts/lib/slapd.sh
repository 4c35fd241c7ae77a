# shellcheck shell=bash
# A private slapd: its configuration, its first entries, its start. Works as root and as anyone.

directory_suffix=dc=example,dc=org

# Somebody's ~/.ldaprc must not change what the tools here do.
export LDAPNOINIT=1

# slapd_program: what to run as slapd. Where a security profile ties /usr/sbin/slapd to the
# system's own folders (Ubuntu ships one), a copy in ours is free of it.
slapd_program() {
  if [ -e /etc/apparmor.d/usr.sbin.slapd ]; then
    cp -u /usr/sbin/slapd "$1/slapd"
    say "$1/slapd"
  else
    say /usr/sbin/slapd
  fi
}

# slapd_configuration FOLDER: cn=config as LDIF. The person who runs the server is its manager,
# over the unix socket; cn=bellhop writes below ou=guests and ou=groups and nowhere else.
slapd_configuration() {
  local folder=$1 schema manager service
  manager="gidNumber=$(id -g)+uidNumber=$(id -u),cn=peercred,cn=external,cn=auth"
  service="cn=bellhop,ou=services,$directory_suffix"
  cat <<LDIF
dn: cn=config
objectClass: olcGlobal
cn: config
olcThreads: 4

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb
olcModuleLoad: syncprov

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

LDIF
  for schema in core cosine inetorgperson; do
    cat "/etc/ldap/schema/$schema.ldif"
    echo
  done
  cat <<LDIF
dn: olcDatabase={-1}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {-1}frontend
olcSortVals: member
olcAccess: to dn.base="" by * read
olcAccess: to dn.base="cn=subschema" by * read

dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcAccess: to * by dn.exact=$manager manage by * none

dn: olcDatabase={1}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcSuffix: $directory_suffix
olcDbDirectory: $folder/db
olcDbMaxSize: 1073741824
olcDbIndex: objectClass eq
olcDbIndex: uid,mail,employeeNumber eq
olcDbIndex: entryCSN,entryUUID eq
olcLimits: dn.exact="$service" size=unlimited time=unlimited size.prtotal=unlimited
olcLimits: dn.exact="$manager" size=unlimited time=unlimited
olcAccess: to attrs=userPassword by dn.exact=$manager manage by anonymous auth by * none
olcAccess: to dn.subtree="ou=guests,$directory_suffix" by dn.exact=$manager manage by dn.exact="$service" write by users read by * none
olcAccess: to dn.subtree="ou=groups,$directory_suffix" by dn.exact=$manager manage by dn.exact="$service" write by users read by * none
olcAccess: to * by dn.exact=$manager manage by users read by * none

dn: olcOverlay={0}syncprov,olcDatabase={1}mdb,cn=config
objectClass: olcOverlayConfig
objectClass: olcSyncProvConfig
olcOverlay: {0}syncprov
olcSpSessionlog: 10000
LDIF
}

# make_directory FOLDER PASSWORDFILE LDIF…: a new directory in FOLDER, filled from the LDIF files,
# in which @BELLHOP_PASSWORD@ stands for the hash of the service account's password.
make_directory() {
  local folder=$1 password_hash file
  password_hash=$(/usr/sbin/slappasswd -n -T "$2")
  shift 2
  mkdir -p "$folder/config" "$folder/db"
  slapd_configuration "$folder" >"$folder/config.ldif"
  add_offline "$folder" -n 0 -l "$folder/config.ldif"
  for file in "$@"; do
    sed "s|@BELLHOP_PASSWORD@|$password_hash|" "$file" >"$folder/entries.ldif"
    add_offline "$folder" -w -b "$directory_suffix" -l "$folder/entries.ldif"
  done
  rm "$folder/entries.ldif"
}

add_offline() {
  local folder=$1
  shift
  "$(slapd_program "$folder")" -T add -q -F "$folder/config" "$@" >"$folder/slapadd.log" 2>&1 || {
    cat "$folder/slapadd.log" >&2
    fail 65 "slapadd refused the entries of $folder"
  }
}

# start_slapd FOLDER PORT: listens on loopback and on a unix socket; sets $ldap_url and $ldapi_url.
start_slapd() {
  local folder=$1 socket
  socket=${folder//\//%2F}%2Fldapi
  ldap_url=ldap://127.0.0.1:$2
  ldapi_url=ldapi://$socket
  # -d 0 keeps slapd in the foreground, so that the recorded pid is the server's.
  start_process "$folder" slapd "$(slapd_program "$folder")" -F "$folder/config" -d 0 \
    -h "$ldap_url $ldapi_url"
  wait_for "$folder" slapd ldapsearch -x -H "$ldap_url" -s base -b '' 1.1
}
