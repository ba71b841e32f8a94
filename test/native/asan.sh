#!/bin/sh
# Builds the addon with AddressSanitizer into build/asan/ (only what has changed) and prints
# two lines: the path of the addon, and of the sanitizer's library, which must be preloaded.
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
cxx=${CXX:-g++}
out=build/asan
mkdir -p "$out"
prefix=$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")
headers=${npm_config_nodedir:-$prefix}/include/node
[ -f "$headers/node_api.h" ] || headers=$(ls -d "$HOME"/.cache/node-gyp/*/include/node | tail -n 1)
napi=$(node -p "require('node-addon-api').include_dir")
flags="-fsanitize=address -fno-omit-frame-pointer -O0 -g -fPIC -std=c++17 -fno-exceptions -fvisibility=hidden -Wall"
defines="-DNAPI_VERSION=9 -DNAPI_DISABLE_CPP_EXCEPTIONS -D_GNU_SOURCE -DNODE_GYP_MODULE_NAME=bpf_emu -DBUILDING_NODE_EXTENSION"
jobs=
for source in native/*.cc; do
  object=$out/$(basename "$source" .cc).o
  if [ ! -f "$object" ] || [ -n "$(find "$source" native/*.h -newer "$object" -print -quit)" ]; then
    # shellcheck disable=SC2086
    $cxx $flags $defines -I"$headers" -I"$napi" -c "$source" -o "$object" &
    jobs="$jobs $!"
  fi
done
for job in $jobs; do wait "$job"; done
# shellcheck disable=SC2086
$cxx $flags -shared -o "$out/bpf_emu.node" "$out"/*.o
echo "$PWD/$out/bpf_emu.node"
$cxx -print-file-name=libasan.so
