#!/bin/sh
# A polite library (promise I1): it exports sluice_* and nothing else; it never
# prints, exits, or touches signals, processes, environment or locale; it has no
# variables of static storage duration that can be written.
#
#     symbols.sh ROOT libsluice.so libsluice.a CONFIG
set -u
shared=$2
static=$3
config=$4
bad=0

# complain TEXT LIST
complain() {
    [ -n "$2" ] || return
    echo "$1:"
    echo "$2" | sed 's/^/    /'
    bad=1
}

exports=$(nm -D --defined-only "$shared") || exit 1
imports=$(nm -D --undefined-only "$shared") || exit 1
objects=$(objdump -t "$static") || exit 1

complain "exported, but not sluice_*" \
    "$(echo "$exports" | awk '$NF !~ /^sluice_[a-z0-9_]*$/ { print $NF }')"
echo "$exports" | grep -q ' sluice_status_name$' ||
    complain "not exported" sluice_status_name

words='_?exit|_Exit|quick_exit|abort|raise|kill|pthread_kill|signal|sigaction'
words="$words|fork|vfork|system|popen|posix_spawnp?|exec[lv][a-z]*"
words="$words|getenv|secure_getenv|setenv|putenv|unsetenv|clearenv|environ"
words="$words|setlocale|uselocale|rand|srand|rand_r|random|srandom|drand48"
words="$words|stdin|stdout|stderr|printf|vprintf|puts|putchar|perror"
words="$words|__v?printf_chk|__v?fprintf_chk|fprintf|vfprintf"
case $config in
Debug) echo "a debug build: __assert_fail is let pass" ;;
*) words="$words|__assert_fail" ;;
esac
complain "imported, but a library has no business with it" \
    "$(echo "$imports" | awk '{ print $NF }' | sed 's/@.*//' |
        grep -E -x "$words")"

# Section .data.rel.ro holds constants whose addresses the loader fills in.
# BLAS has one thread count for the whole process, and locks that fork() copies;
# so has its guard.
writable=$(echo "$objects" | awk '
/file format/ {
    object = $1
    sub(/:$/, "", object)
}

# A symbol: VALUE FLAGS SECTION <tab> SIZE NAME; flag d is the section itself.
/\t/ && !/ d  / {
    symbols++
    split($0, half, "\t")
    section = half[1]
    sub(/.* /, "", section)
    if (section ~ /^(\.t?data|\.t?bss|\*COM\*)/ &&
        section !~ /^\.data\.rel\.ro/ && object !~ /^blas_(threads|calls)\./)
        print object ": " $NF
}

END { exit !symbols }') || exit 1
complain "can be written, and has static storage duration" "$writable"
exit $bad
