#!/bin/sh
# A foreign project: install the package into an empty prefix, move the prefix,
# build docs/examples against it by find_package(), by pkg-config, and against
# libsluice.a, and run what was built.
#
#     foreign.sh ROOT BUILD WORK CMAKE CC GENERATOR
set -eu
root=$1
build=$2
work=$3
cmake=$4
cc=$5
generator=$6

rm -rf "$work"
mkdir -p "$work/by pkg-config"
"$cmake" --install "$build" --prefix "$work/first" >"$work/log"
mv "$work/first" "$work/moved prefix"
prefix="$work/moved prefix"

echo "== programs"
"$prefix/bin/sluice" --version
"$prefix/bin/sluice-bench" --version

# by_cmake SOURCE WORK
by_cmake() {
    "$cmake" -S "$1" -B "$2" -G "$generator" -DCMAKE_BUILD_TYPE=Release \
        -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" >"$work/log" ||
        { cat "$work/log"; exit 1; }
    "$cmake" --build "$2" >"$work/log" || { cat "$work/log"; exit 1; }
}

for file in man/man1/sluice-train.1 bash-completion/completions/sluice-bench \
    doc/sluice/start/index.md doc/sluice/examples/train.c; do
    [ -f "$prefix/share/$file" ]
done

echo "== find_package, shared"
by_cmake "$root/docs/examples" "$work/shared"
"$work/shared/train"
"$work/shared/own_layer"

echo "== find_package, static"
by_cmake "$root/tests/package/static" "$work/static"
"$work/static/train"

echo "== pkg-config"
pc=$(dirname "$(find "$prefix" -name sluice.pc)")
# --libs quotes blanks in paths as a shell wants them.
flags=$(PKG_CONFIG_PATH=$pc pkg-config --cflags --libs sluice)
libdir=$(dirname "$pc")
for example in train own_layer reshape; do
    out="$work/by pkg-config/$example"
    eval "\"\$cc\" -std=c11 -Wall -Werror -o \"\$out\" \
        \"\$root/docs/examples/\$example.c\" $flags -lm"
    LD_LIBRARY_PATH=$libdir "$out"
done

echo "== Python"
if command -v python3 >/dev/null; then
    (cd / && PYTHONPATH="$prefix/lib/python3/dist-packages" python3 -B -c \
        'import sluice; print(sluice.check([["0F0", "0B0"]]))')
else
    echo "there is no python3"
fi

lines=$(wc -l <"$root/docs/examples/train.c")
echo "== docs/examples/train.c has $lines lines"
[ "$lines" -lt 40 ]
