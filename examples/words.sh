#!/bin/sh
# Counts the words of a text into a pinned hash map, then reads it with cat.
#
#   examples/words.sh [TEXT [MOUNT]]
#
# TEXT defaults to the licence of this project, MOUNT to the mount that there is.
set -eu
root=$(dirname "$(dirname "$(readlink -f "$0")")")
text=${1:-$root/LICENSE}
mount=${2:-$("$root/bin/bpf-emu" status | sed -n '/: bpf-emu /{s/: bpf-emu .*//p;q;}')}
: "${mount:?nothing is mounted: start with bin/bpf-emu mount}"
pin=$mount/words

rm -f "$pin"
tr -cs '[:alpha:]' '\n' <"$text" | tr '[:upper:]' '[:lower:]' | awk -v btf="$root/test/fixtures/words.btf" -v pin="$pin" '
  length($0) > 0 && length($0) < 16 { count[$0]++ }
  END {
    printf "{\"as\":\"btf\",\"cmd\":\"BPF_BTF_LOAD\",\"btf_file\":\"%s\"}\n", btf
    printf "{\"as\":\"m\",\"cmd\":\"BPF_MAP_CREATE\",\"map_type\":\"hash\",\"key_size\":16,\"value_size\":8,\"max_entries\":4096,"
    printf "\"map_name\":\"words\",\"btf_fd\":\"$btf\",\"btf_key_type_id\":1,\"btf_value_type_id\":2}\n"
    for (word in count) printf "{\"cmd\":\"BPF_MAP_UPDATE_ELEM\",\"map_fd\":\"$m\",\"key\":\"%s\",\"value\":%d}\n", word, count[word]
    printf "{\"cmd\":\"BPF_OBJ_PIN\",\"bpf_fd\":\"$m\",\"pathname\":\"%s\"}\n", pin
  }' | "$root/bin/bpf-emu" ctl --mount "$mount" --quiet

echo "pinned at $pin; the ten most frequent words:"
# The kernel prints a char array as ['t','h','e',]: put the letters together again.
cat "$pin" | sed -n "s/^\[\(.*\)\]: /\1 /p" | tr -d "',\"" | sort -k2,2nr -k1,1 | head -n 10
