#!/bin/sh
# SPIN looks at every state that a model can reach.  cases.txt says what it is
# asked and what it must say; a mutant that it does not reject is a failure.
#
#     check.sh MODEL each|long CC SCRATCH
#
# Exit status 77 means skipped.
set -eu
set -f # values of cases are no file names

model=$1
when=$2
cc=$3
scratch=$4
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

command -v spin >/dev/null || {
    echo "skipped: spin is not installed"
    exit 77
}
mkdir -p "$scratch"

# Each case of the table, a line: VERDICT OPTION...; lists are multiplied out.
cases() {
    awk -v model="$model" -v when="$when" '
function expand(i, text,    name, values, n, j) {
    if (i > NF) {
        print text
        return
    }
    n = split($i, name, "=") == 2 ? split(name[2], values, ",") : 0
    if (!n)
        expand(i + 1, text " -D" $i)
    for (j = 1; j <= n; j++)
        expand(i + 1, text " -D" name[1] "=" values[j])
}
$1 == model && $3 == when { expand(4, $2) }' "$here/cases.txt"
}

# What pan says about a model: holds, hangs, lies; or else why it says nothing.
verdict() {
    if grep -q -e 'Search not completed' -e 'search depth too small' "$1"; then
        if grep -q 'assertion violated' "$1"; then
            echo lies
        elif grep -q 'invalid end state' "$1"; then
            echo hangs
        else
            echo 'does not end'
        fi
    elif grep -q 'errors: 0$' "$1"; then
        echo holds
    else
        echo 'does not run'
    fi
}

# examine OPTION...: writes `said`.  A large case is worth optimizing for.  The
# partial-order reduction knows nothing of `provided`, which LARGE uses.
examine() {
    case " $when $* " in
    *' -DLARGE '*) how='-O1 -DNOREDUCE -DCOLLAPSE' ;;
    ' long '*) how='-O1 -DCOLLAPSE' ;;
    *) how=-O0 ;;
    esac
    rm -f pan
    # The list of flags is split on purpose.
    # shellcheck disable=SC2086
    "$cc" -E -P -x c "$@" "$here/$model.pml" >model.pml &&
        spin -a model.pml >said &&
        "$cc" $how -w -DSAFETY -DMEMLIM=4000 -o pan pan.c &&
        ./pan -m100000 -w20 >said
}

cd "$scratch"
cases >list
n=0
bad=0
while read -r expected options; do
    n=$((n + 1))
    # Options are split on purpose.
    # shellcheck disable=SC2086
    examine $options </dev/null || : # what it said tells
    found=$(verdict said)
    states=$(sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' said)
    echo "$model $options: $found (${states:-0} states)"
    if [ "$found" != "$expected" ]; then
        bad=$((bad + 1))
        echo "    but: $expected; what pan said:"
        sed 's/^/    /' said
    fi
done <list

echo "$model: $n cases, $bad wrong"
[ "$n" -gt 0 ] && [ "$bad" -eq 0 ]
