# shellcheck shell=bash
# A private SCIM service provider, from PyPI; it keeps its resources in memory.

# A proxy that the environment names does not see this machine's loopback.
export no_proxy=127.0.0.1${no_proxy:+,$no_proxy}

# start_scim FOLDER PORT TOKEN: sets $scim_url. Needs install_scim_service.
start_scim() {
  local folder=$1
  scim_url=http://127.0.0.1:$2/v2
  mkdir -p "$folder"
  start_process "$folder" scim "$scim_venv/bin/scim2-server" --port "$2" --bearer-token "$3"
  wait_for "$folder" scim curl -sf -H "Authorization: Bearer $3" "$scim_url/ServiceProviderConfig"
}
