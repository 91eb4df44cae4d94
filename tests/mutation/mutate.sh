#!/bin/sh
# Mutation test: change a line of a source file and see whether a test notices.
# targets.txt names the files and the tests that must.
#
#     mutate.sh ROOT WORK [MUTANTS [SEED [FILE...]]]
#
# The tree is built in WORK.  Of each file so many mutants are drawn (10 unless
# given; 0: all).  A mutant costs one compilation, a link for each test, and the
# tests until one fails.  WORK keeps the verdicts, so a call that is stopped, or
# that stops after SLUICE_MUTATION_SECONDS with exit status 75, goes on where it
# was; a file that has changed is begun anew.  SLUICE_MUTATION_AGAIN=WORD tries
# the survivors once more; address and thread are words that do so under these
# sanitizers, as the test suite is run, too.
#
# The survivors are listed; the exit status is 0 if 95 of 100 are killed.  A
# mutant that the compiler refuses is none, and neither is one on equal.txt,
# which does the same as the code.
set -eu

root=$(CDPATH='' cd -- "$1" && pwd -P)
work=$2
most=${3:-10}
seed=${4:-1}
if [ $# -gt 4 ]; then shift 4; else shift $#; fi
only=$*
here=$root/tests/mutation
tab=$(printf '\t')
end=$(($(date +%s) + ${SLUICE_MUTATION_SECONDS:-1000000}))

mkdir -p "$work/verdicts"
work=$(CDPATH='' cd -- "$work" && pwd -P)
again=${SLUICE_MUTATION_AGAIN:-}
case $again in
address | thread) sanitizer=$again ;;
*) sanitizer= ;;
esac
build=$work/build$sanitizer
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON \
    -DSLUICE_SANITIZE="$sanitizer" \
    -DCMAKE_C_FLAGS_DEBUG=-O1 >"$work/configure.log"

# run FOLDER SECONDS PROGRAM: a test, by guard.sh, as a mutant may write or
# remove anything that it is allowed to.  Harm to the machine ends all.
run() {
    status=0
    (cd "$1" && exec sh "$here/guard.sh" timeout "$2" "./$3") \
        >"$work/test.log" 2>&1 || status=$?
    [ $status != 99 ] || {
        cat "$work/test.log" >&2
        echo "mutate.sh: stopped at $work/mutant.c, made from $file" >&2
        exit 99
    }
    return $status
}

# The program of a test: chan.queue is test_chan_queue, and a parser's tests
# have programs of their own.
program() {
    case $1 in
    data.hostile_*) echo "test_data_hostile_${1#data.hostile_}" ;;
    *) echo "test_$(echo "$1" | tr . _)" ;;
    esac
}

# The command that compiles FILE into its module's library, but from mutant.c to
# mutant.o.
compiler() {
    awk -v file="$root/$1" -v to="$work/mutant" '
        /"command":/ {
            sub(/^ *"command": "/, ""); sub(/",? *$/, "")
            gsub(/\\"/, "\"")
            command = $0
        }
        /"file":/ && index($0, "\"" file "\"") &&
            command ~ /\.dir\/[^ ]*\.o -c / &&
            command ~ /-o [^ ]*(sl_|bench_parts)/ {
            sub(/ -o .*/, "", command)
            print command " -w -o " to ".o -c " to ".c"
            exit
        }' "$build/compile_commands.json"
}

# The file that holds the command which links a program.
link_file() {
    find "$build" -path "*/$1.dir/link.txt" | head -n 1
}

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

# verdict LINE TEXT: the word for a mutant of $file: broken, killed, survived.
verdict() {
    T="$2" awk -v line="$1" \
        'FNR == line { print ENVIRON["T"]; next } { print }' \
        "$root/$file" >"$work/mutant.c"
    if ! (cd "$build" && eval "$compile") >"$work/build.log" 2>&1; then
        echo broken
        return
    fi
    # shellcheck disable=SC2086
    for name in $programs; do
        link=$(link_file "$name")
        folder=${link%/CMakeFiles/*}
        if ! (cd "$folder" && eval "$(sed \
            "s| -o $name | $work/mutant.o -o $name.mutant |" "$link")") \
            >"$work/link.log" 2>&1; then
            echo "$name does not link with $file: see $work/link.log" >&2
            exit 1
        fi
        if ! run "$folder" "$limit" "$name.mutant"; then
            echo killed
            return
        fi
    done
    echo "survived${again:+-$again}"
}

# The mutants of $file that are wanted, in the order in which they are tried.
draw() {
    awk -f "$here/mutants.awk" "$root/$file" >"$work/all.txt"
    if [ "$most" -gt 0 ]; then
        awk -v seed="$seed" 'BEGIN { srand(seed) } { print rand() "\t" $0 }' \
            "$work/all.txt" | sort | head -n "$most" | cut -f 2-
    else
        cat "$work/all.txt"
    fi
}

# What is known of $file is of the file as it is; else it is forgotten.
recall() {
    known=$work/verdicts/$(echo "$file" | tr / _)
    cmp -s "$root/$file" "$known.c" || rm -f "$known"
    cp "$root/$file" "$known.c"
    touch "$known"
    if [ -n "$again" ]; then
        awk -F '\t' -v OFS='\t' -v done="survived-$again" \
            '/^survived/ && $1 != done { $1 = "again" } { print }' "$known" \
            >"$work/rest.txt"
        cp "$work/rest.txt" "$known"
    fi
}

# Build the tests of $file; the mutants have 10 times the time they take, and 10
# seconds.
prepare() {
    # shellcheck disable=SC2086
    cmake --build "$build" --target $programs >"$work/build.log" 2>&1
    compile=$(compiler "$file")
    start=$(date +%s)
    for name in $programs; do
        link=$(link_file "$name")
        if ! run "${link%/CMakeFiles/*}" 600 "$name"; then
            echo "left out: $file, as $name fails without a mutant"
            return 1
        fi
    done
    limit=$((10 + 10 * ($(date +%s) - start)))
}

killed=0
total=0
while read -r file tests; do
    case $file in '' | '#'*) continue ;; esac
    case " ${only:-$file} " in *" $file "*) ;; *) continue ;; esac
    programs=
    for test in $tests; do
        programs="$programs $(program "$test")"
    done
    recall
    draw >"$work/drawn.txt"
    ready=0
    while IFS=$tab read -r line text <&3; do
        bare=$(printf '%s\n' "$text" | sed 's/^ *//')
        equal "$file" "$bare" && continue
        word=$(L="$line$tab$bare" awk -F '\t' \
            '$2 "\t" $3 == ENVIRON["L"] { word = $1 }
            END { print word }' "$known")
        if [ -z "$word" ] || [ "$word" = again ]; then
            if [ "$(date +%s)" -ge "$end" ]; then
                echo "stopped in $file; the same call goes on"
                exit 75
            fi
            [ $ready = 1 ] || prepare || break
            ready=1
            word=$(verdict "$line" "$text")
            printf '%s\t%s\t%s\n' "$word" "$line" "$bare" >>"$known"
        fi
        [ "$word" != broken ] || continue
        total=$((total + 1))
        if [ "$word" = killed ]; then
            killed=$((killed + 1))
        else
            echo "survived: $file:$line: $bare"
        fi
    done 3<"$work/drawn.txt"
done <"$here/targets.txt"

[ "$total" -gt 0 ] || exit 1
echo "$killed of $total mutants killed"
[ $((100 * killed)) -ge $((95 * total)) ]
