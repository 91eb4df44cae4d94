#!/bin/sh
# Adding something is a file, a row of a table, and a line in CMakeLists.txt.
# Each folder here adds something that way: its files go into a copy of the
# tree, its `rows` are inserted there, the copy is built once with all of them,
# and its check.sh looks for what was added in lists, help, errors and output.
#
# `rows` holds entries of three lines, with an empty one between them: a file of
# the tree, a text, and a line that is put after the first that has the text.
# There may be two: the row, and the line in CMakeLists.txt.
#
#     adding.sh ROOT WORK CMAKE CC GENERATOR
set -eu
root=$1
work=$2
cmake=$3
cc=$4
generator=$5
here=$root/tests/package/adding
tree=$work/tree

# insert FILE TEXT LINE
insert() {
    TEXT=$2 LINE=$3 awk '
        { print }
        !done && index($0, ENVIRON["TEXT"]) { print ENVIRON["LINE"]; done = 1 }
        END { exit !done }' "$tree/$1" >"$work/inserted" || {
        echo "$1 has no line with \"$2\""
        exit 1
    }
    cat "$work/inserted" >"$tree/$1"
}

# add NAME: its files and rows.
add() {
    for path in "$here/$1"/*/; do
        cp -R "$path" "$tree/"
    done
    n=0
    while IFS= read -r file && IFS= read -r text && IFS= read -r line; do
        insert "$file" "$text" "$line"
        n=$((n + 1))
        IFS= read -r empty || [ -z "$empty" ] || break
    done <"$here/$1/rows"
    [ "$n" -eq 2 ] || {
        echo "adding/$1 has $n rows, not one and a line in CMakeLists.txt"
        exit 1
    }
}

# What was built before stays as new as it was: files keep their dates.
mkdir -p "$work"
rm -rf "$tree"
mkdir "$tree"
(cd "$root" && cp -Rp CMakeLists.txt bench cmake docs include src tests "$tree")
rm -rf "$tree/tests/package/adding"
for path in "$here"/*/; do
    echo "== adding $(basename "$path")"
    add "$(basename "$path")"
done

"$cmake" -S "$tree" -B "$work/build" -G "$generator" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS_DEBUG=-O0 -DCMAKE_C_COMPILER="$cc" -DSLUICE_WERROR=ON \
    >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
"$cmake" --build "$work/build" --parallel 2 --target sluice_tool sluice-bench \
    test_sched_promises test_bench_order test_bench_schedule_print \
    >"$work/log" 2>&1 || { tail -40 "$work/log"; exit 1; }
for path in "$here"/*/; do
    echo "== $(basename "$path")"
    sh -x "$path/check.sh" "$work/build" 2>"$work/log" || {
        tail -3 "$work/log"
        exit 1
    }
done
