#!/usr/bin/env bash
# Runs tests on musl in place of glibc: which of its functions we call, and how it names things.
# There is no Node for musl that npm or Debian would have. So it is the one that is installed, with
# musl as its C library: what it takes of glibc and musl lacks is in scripts/cross/musl_compat.c.
# Needs musl-tools.
#
#   scripts/musl_check.sh                every test of every package
#   scripts/musl_check.sh sys fd         some packages
#   scripts/musl_check.sh struct_test    some files
#   scripts/musl_check.sh --selection    what is quick and says most
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(uname -m)" != x86_64 ]; then
  echo "musl: nobody has tried it on this processor"
  exit
fi

loader=/lib/ld-musl-x86_64.so.1
command -v musl-gcc >/dev/null || {
  echo "musl_check: there is no musl-gcc; Debian has it in musl-tools" >&2
  exit 2
}

# The libraries that Node asks for, beside what of glibc's are musl itself.
cache=$PWD/node_modules/.cache/musl
mkdir -p "$cache/lib"
compat=$cache/lib/ld-linux-x86-64.so.2
musl-gcc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$compat.new" scripts/cross/musl_compat.c
mv "$compat.new" "$compat"
ln -sf "${compat##*/}" "$cache/lib/libatomic.so.1"
for library in libstdc++.so.6 libgcc_s.so.1; do
  ln -sf "$(gcc -print-file-name="$library")" "$cache/lib/$library"
done

node=$(node --input-type=module -e '
  import { programs } from "./scripts/runtimes.mjs";
  console.log(programs.node26 ?? "");
')
[ -n "$node" ] || {
  echo "musl_check: there is no Node 26 here; npm start sets it up" >&2
  exit 2
}
export CROSS_NAME=musl CROSS_NODE=$cache/node CROSS_SLOWER=1
cat >"$CROSS_NODE" <<END
#!/bin/sh
export CROSS_NODE="$CROSS_NODE" CROSS_SLOWER=$CROSS_SLOWER
exec "$loader" --library-path "$cache/lib" --preload "$compat" "$node" \\
  --import "$PWD/scripts/cross/preload.mjs" "\$@"
END
chmod +x "$CROSS_NODE"
exec node scripts/cross/run.mjs "$@"
