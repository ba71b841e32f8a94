#!/bin/sh
# A unit test of ../progs/tc_drop.bpf.c in shell: one packet a case, results in TAP.
# It needs neither root nor a mount.
#
#   make -C ../progs && ./drop_test.sh [DIRECTORY OF THE OBJECTS]
set -u
here=$(dirname "$(readlink -f "$0")")
objects=${1:-$here/../progs}
bpf_emu=${BPF_EMU:-$here/../../bin/bpf-emu}
ethernet=ffffffffffff0200000000010800
failed=0
number=0

# tcp PORT: an IPv4 packet with a TCP header to this port, as hex.
tcp() {
  printf '%s4500002800000000400600000a0000010a000002c000%04x00000000000000005002000000000000' "$ethernet" "$1"
}

# expect NAME VERDICT HEX
expect() {
  number=$((number + 1))
  found=$("$bpf_emu" run "$objects/tc_drop.bpf.o" --json --data "$3" | sed -n 's/.*"verdict":"\([A-Z_]*\)".*/\1/p')
  if [ "$found" = "$2" ]; then
    echo "ok $number - $1"
  else
    echo "not ok $number - $1: $found instead of $2"
    failed=1
  fi
}

expect 'telnet is dropped' TC_ACT_SHOT "$(tcp 23)"
expect 'ssh passes' TC_ACT_OK "$(tcp 22)"
expect 'a packet that ends within the TCP header passes' TC_ACT_OK "$(tcp 23 | cut -c 1-80)"
expect 'what is no IPv4 passes' TC_ACT_OK "ffffffffffff0200000000010806$(printf '%056d' 0)"
echo "1..$number"
exit $failed
