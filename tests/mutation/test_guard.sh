#!/bin/sh
# guard.sh: a mutant has no rights of root, and what it does to the device files
# is seen.
set -eu
guard=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

fail() {
    echo "test_guard.sh: $*" >&2
    exit 1
}

# the_exit_status_is_the_program's
for expected in 0 1 77; do
    status=0
    sh "$guard" sh -c "exit $expected" || status=$?
    [ $status = $expected ] || fail "exit status $status for $expected"
done

# no_program_can_write_to_dev_or_regain_the_rights_of_root
# shellcheck disable=SC2016
sh "$guard" sh -c '[ "$(id -u)" != 0 ] && ! [ -w /dev ] && ! [ -w / ]' ||
    fail "the program may write to / or /dev"
if [ "$(id -u)" = 0 ]; then
    # shellcheck disable=SC2016
    caps=$(sh "$guard" sed -n 's/^Cap\(Prm\|Eff\|Bnd\):[[:space:]]*//p' \
        /proc/self/status | sort -u)
    [ "$caps" = 0000000000000000 ] || fail "capabilities are left: $caps"
fi

# a_file_that_is_replaced_or_removed_ends_the_run
mkdir -m 777 "$work/open"
# shellcheck disable=SC2016
for harm in 'rm -f "$1"' 'rm -f "$1"; echo >"$1"' 'rm -f "$1"; mkdir "$1"'; do
    rm -rf "$work/open/node"
    mkfifo "$work/open/node"
    status=0
    SLUICE_GUARD_FILES="$work/open/node" \
        sh "$guard" sh -c "$harm" harm "$work/open/node" 2>"$work/said" ||
        status=$?
    [ $status = 99 ] || fail "exit status $status after $harm"
    grep -q 'has changed a device file' "$work/said" || fail "nothing is said"
done

# a_file_that_is_left_alone_does_not
rm -rf "$work/open/node"
mkfifo "$work/open/node"
SLUICE_GUARD_FILES="$work/open/node" sh "$guard" true || fail "no harm was done"

# as_root_without_setpriv_nothing_is_run
if [ "$(id -u)" = 0 ]; then
    mkdir "$work/bin"
    for tool in sh id stat touch; do
        ln -s "$(command -v $tool)" "$work/bin/$tool"
    done
    status=0
    PATH=$work/bin sh "$guard" touch "$work/open/ran" 2>"$work/said" ||
        status=$?
    [ $status = 99 ] || fail "exit status $status without setpriv"
    [ ! -e "$work/open/ran" ] || fail "it was run as root"
    grep -q 'is not run' "$work/said" || fail "nothing is said"
fi
