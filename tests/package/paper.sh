#!/bin/sh
# Manual pages and completion have what the programs' help has: each command has
# a page with all of its options, man finds nothing to warn about, and bash
# completes commands, options, words and files.
#
#     paper.sh ROOT BENCH
set -eu
bench=$2
paper=$bench/paper
bad=0

complain() {
    echo "$*"
    bad=$((bad + 1))
}

commands() {
    "$bench/$1" --help | sed -n '/^Commands:/,$ s/^  \([a-z0-9]*\) .*/\1/p'
}

n=0
for program in sluice sluice-bench; do
    for command in $(commands $program); do
        page=$paper/$program-$command.1
        [ -f "$page" ] || complain "there is no $page"
        for option in $("$bench/$program" "$command" --help |
            grep -o '^ *\(-., \)* *--[a-z0-9-]*' | grep -o -- '--.*'); do
            n=$((n + 1))
            case $option in --version) continue ;; esac
            wanted=$(printf '\\fB%s\\fR' "$option" | sed 's/-/\\-/g')
            grep -q -F "$wanted" "$page" ||
                complain "$page has no $option"
        done
    done
done
echo "$n options"
[ "$n" -gt 100 ] || complain "the help was not understood"

if command -v man >/dev/null && command -v groff >/dev/null; then
    for page in "$paper"/*.1; do
        said=$(man -l -Tutf8 --warnings "$page" 2>&1 >/dev/null)
        [ -z "$said" ] || complain "$page: $said"
    done
else
    echo "man or groff is missing: the pages were not read"
fi

# completed WANTED WORD...: the last word is completed to something with WANTED.
completed() {
    wanted=$1
    shift
    got=$(bash -c '. "$0"
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        "_sluice_complete_${1//-/_}"
        printf "%s\n" "${COMPREPLY[@]}"' "$paper/$1.bash" "$@")
    case "
$got
" in
    *"
$wanted
"*) ;;
    *) complain "\"$*\" is not completed to $wanted: $got" ;;
    esac
}

if command -v bash >/dev/null; then
    completed train sluice tr
    completed compare sluice-bench ''
    completed --microbatches= sluice train --micro
    completed --nesterov sluice train --n
    completed except_last sluice train --remat = ex
    completed in_order sluice schedule gpipe --order = ''
    completed "$paper/sluice.1" sluice train --x = "$paper/sluice."
    completed "$paper/sluice.1" sluice schedule "$paper/sluice."
else
    echo "there is no bash"
fi
exit "$bad"
