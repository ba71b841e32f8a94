#!/bin/sh
# Counts the status codes of a web server's log into a pinned array map: one process
# writes, another one reads with cat, and the map outlives both.
#
#   examples/status-codes.sh [LOG [MOUNT]]
#
# LOG is in the "combined" format; the default is a small one beside this script.
# MOUNT defaults to the mount that there is.
set -eu
root=$(dirname "$(dirname "$(readlink -f "$0")")")
log=${1:-$root/examples/access.log}
mount=${2:-$("$root/bin/bpf-emu" status | sed -n '/: bpf-emu /{s/: bpf-emu .*//p;q;}')}
: "${mount:?nothing is mounted: start with bin/bpf-emu mount}"
pin=$mount/status_codes

rm -f "$pin"
awk -v btf="$root/test/fixtures/counts.btf" -v pin="$pin" '
  match($0, /" [1-5][0-9][0-9] /) { count[substr($0, RSTART + 2, 3)]++ }
  END {
    printf "{\"as\":\"btf\",\"cmd\":\"BPF_BTF_LOAD\",\"btf_file\":\"%s\"}\n", btf
    printf "{\"as\":\"m\",\"cmd\":\"BPF_MAP_CREATE\",\"map_type\":\"hash\",\"key_size\":4,\"value_size\":8,\"max_entries\":500,"
    printf "\"map_name\":\"status_codes\",\"btf_fd\":\"$btf\",\"btf_key_type_id\":1,\"btf_value_type_id\":2}\n"
    for (code in count) printf "{\"cmd\":\"BPF_MAP_UPDATE_ELEM\",\"map_fd\":\"$m\",\"key\":%d,\"value\":%d}\n", code, count[code]
    printf "{\"cmd\":\"BPF_OBJ_PIN\",\"bpf_fd\":\"$m\",\"pathname\":\"%s\"}\n", pin
  }' "$log" | "$root/bin/bpf-emu" ctl --mount "$mount" --quiet

echo "pinned at $pin:"
cat "$pin" | grep -v '^#' | sort -n
