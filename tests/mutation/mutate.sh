#!/bin/sh
# Mutation test: change a line of a source file, build, and see whether a test
# notices.  targets.txt names the files and the tests that must.
#
#     mutate.sh ROOT WORK [MUTANTS [SEED [FILE]]]
#
# In WORK, a directory of its own, the tree is copied and built.  Of each file so
# many mutants are drawn (10 unless given; 0: all).  The survivors are listed; the
# exit status is 0 if 95 of 100 are killed.  A mutant that the compiler refuses
# is none, and neither is one on equal.txt, which does the same as the code.
set -eu

root=$(CDPATH='' cd -- "$1" && pwd -P)
work=$2
most=${3:-10}
seed=${4:-1}
only=${5:-}
here=$root/tests/mutation
limit=${SLUICE_MUTANT_SECONDS:-60}

mkdir -p "$work"
work=$(CDPATH='' cd -- "$work" && pwd -P)
tree=$work/tree
build=$work/build

# The copy is brought up to date without touching what has not changed.
mkdir -p "$tree"
(cd "$root" && tar cf - --exclude=./build --exclude=./.git .) |
    (cd "$tree" && tar xf -)
cmake -S "$tree" -B "$build" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_C_FLAGS_DEBUG=-O1 >"$work/configure.log"

# The program of a test: chan.queue is test_chan_queue, and a parser's tests
# have programs of their own.
program() {
    case $1 in
    data.hostile_*) echo "test_data_hostile_${1#data.hostile_}" ;;
    *) echo "test_$(echo "$1" | tr . _)" ;;
    esac
}

killed=0
total=0

# equal FILE TEXT: whether equal.txt has a line of this file that, without its
# reason, is this text.
equal() {
    F="$1" T="$2" awk 'BEGIN { found = 1 }
        /^[^#]/ && $1 == ENVIRON["F"] {
            sub(/^[^ ]+ /, ""); sub(/ ## .*/, "")
            if ($0 == ENVIRON["T"]) found = 0
        }
        END { exit found }' "$here/equal.txt"
}

# try FILE LINE TEXT TEST...: one mutant; the tests' programs are built.
try() {
    file=$1
    line=$2
    text=$3
    shift 3
    bare=$(echo "$text" | sed 's/^ *//')
    if equal "$file" "$bare"; then
        return
    fi
    T="$text" awk -v line="$line" \
        'FNR == line { print ENVIRON["T"]; next } { print }' \
        "$root/$file" >"$tree/$file"
    # shellcheck disable=SC2086
    if ! cmake --build "$build" --target $programs >"$work/build.log" 2>&1; then
        return # it does not compile
    fi
    total=$((total + 1))
    for test; do
        if ! timeout "$((limit * 2))" ctest --test-dir "$build" \
            -R "^$(echo "$test" | sed 's/\./\\./')\$" --timeout "$limit" \
            --stop-on-failure >"$work/test.log" 2>&1; then
            killed=$((killed + 1))
            return
        fi
    done
    echo "survived: $file:$line: $bare"
}

while read -r file tests; do
    case $file in '' | '#'*) continue ;; esac
    [ -z "$only" ] || [ "$only" = "$file" ] || continue
    programs=
    for test in $tests; do
        programs="$programs $(program "$test")"
    done
    awk -f "$here/mutants.awk" "$root/$file" >"$work/all.txt"
    if [ "$most" -gt 0 ]; then
        awk -v seed="$seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' \
            "$work/all.txt" | sort | head -n "$most" | cut -f 2- \
            >"$work/drawn.txt"
    else
        cp "$work/all.txt" "$work/drawn.txt"
    fi
    # shellcheck disable=SC2086
    cmake --build "$build" --target $programs >"$work/build.log" 2>&1
    while IFS="$(printf '\t')" read -r line text <&3; do
        # shellcheck disable=SC2086
        try "$file" "$line" "$text" $tests
    done 3<"$work/drawn.txt"
    cp -p "$root/$file" "$tree/$file"
    touch "$tree/$file"
done <"$here/targets.txt"

[ "$total" -gt 0 ] || exit 1
echo "$killed of $total mutants killed"
[ $((100 * killed)) -ge $((95 * total)) ]
