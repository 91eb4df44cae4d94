#!/bin/sh
# Run a program that may write or remove anything it is allowed to, such as a
# test with a mutant in it: one of src/base/files/file.c has put plain files in
# the place of /dev/null, /dev/full and /dev/stderr.
#
#     guard.sh PROGRAM ARGUMENT...
#
# As root the program runs as nobody, or not at all.  The device files are looked
# at before and after; SLUICE_GUARD_FILES names others.  The exit status is that
# of the program, or 99 with a sentence: the program was not run, or one of the
# files is not what it was.
set -u

files=${SLUICE_GUARD_FILES:-/dev/null /dev/zero /dev/full /dev/random
    /dev/urandom /dev/tty /dev/stdin /dev/stdout /dev/stderr}

# The type, mode, owner and device numbers of each file that exists.
look() {
    # shellcheck disable=SC2086
    stat -c '%n %F %a %u %t %T' $files 2>&1
}

stop() {
    echo "guard.sh: $*" >&2
    exit 99
}

drop=
if [ "$(id -u)" = 0 ]; then
    drop='setpriv --reuid 65534 --regid 65534 --clear-groups
        --inh-caps=-all --bounding-set=-all --no-new-privs'
    # shellcheck disable=SC2086
    [ "$($drop id -u 2>/dev/null)" = 65534 ] ||
        stop "$1 is not run: it would have the rights of root, as there is no" \
            "setpriv that can take them away"
fi
# A machine that has been harmed already would pass for what it should be.
if [ -z "${SLUICE_GUARD_FILES:-}" ]; then
    for file in null zero full; do
        [ -c /dev/$file ] || stop "/dev/$file is no device file; $1 is not run"
    done
fi

before=$(look)
# shellcheck disable=SC2086
$drop "$@"
status=$?
after=$(look)
[ "$before" = "$after" ] ||
    stop "$* has changed a device file: it was
$before
and is
$after"
exit $status
