# The common part of bench/run and tests/run, sourced by them: install what is
# missing, configure, build.  POSIX sh.  Everything it says goes to stderr, so
# that the output of the program that follows stays clean.
#
# The script that sources it has set
#     root  the top of the source tree
#     me    its own name, "bench/run"
# and may set
#     install=no  after --no-install
#     tests=yes   to install what only tests need, too
# shellcheck shell=sh
# shellcheck disable=SC2154

say() {
    echo "$me: $*" >&2
}

die() {
    say "$@"
    exit 1
}

# Run a command without a word; if it fails, show what it said.
quietly() (
    log=$(mktemp "${TMPDIR:-/tmp}/sluice.XXXXXX") || exit 1
    trap 'rm -f "$log"' EXIT
    "$@" >"$log" 2>&1 && exit 0
    cat "$log" >&2
    exit 1
)

# The packages of the list: `listed needed`, `listed optional`, `listed tests`.
listed() {
    awk -v want="$1" '{
        sub(/#.*/, "")
        kind = $2 == "optional" || $2 == "tests" ? $2 : "needed"
        if (NF && kind == want) print $1
    }' "$root/cmake/packages.txt"
}

# Whether an installed package provides another: other sources than Debian pack
# things together, such as nodejs with npm.
provided() {
    dpkg-query -W -f '${db:Status-Status} ${Provides}\n' |
        awk -v want="$1" '$1 == "installed" {
            gsub(/\([^)]*\)/, "")
            n = split($0, names, /[ ,]+/)
            for (i = 2; i <= n; i++)
                if (names[i] == want) found = 1
        }
        END { exit !found }'
}

# Those of its arguments that are not installed.
missing() {
    for package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" \
            2>/dev/null) || status=
        [ "$status" = installed ] || provided "$package" ||
            printf '%s ' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

apt_install() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get \
        -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# Install packages; the lists of what there is are fetched only if it does not
# work without.
install_packages() {
    quietly apt_install "$@" 2>/dev/null && return 0
    quietly as_root apt-get update || say "apt-get update failed; going on"
    quietly apt_install "$@"
}

# Why nothing can be installed; empty if it can.
obstacle() {
    if [ "${install:-yes}" = no ]; then
        echo "--no-install was given"
    elif [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null 2>&1; then
        echo "you are not root and there is no sudo"
    fi
}

# refuse REASON PACKAGE...
refuse() {
    say "some packages are missing, and $1.  Please run, as root:"
    shift
    echo "    apt-get install --no-install-recommends $*" >&2
    exit 1
}

# The lists that missing() writes are split at blanks on purpose.
# shellcheck disable=SC2046,SC2086
install_missing() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "this is not a Debian system; going on with what there is"
        return 0
    fi
    needed=$(missing $(listed needed))
    optional=$(missing $(listed optional))
    obstacle=$(obstacle)
    if [ -n "$needed" ]; then
        [ -z "$obstacle" ] || refuse "$obstacle" $needed
        say "installing $needed"
        install_packages $needed || refuse "apt-get failed (see above)" $needed
    fi
    if [ -n "$optional" ] && [ -z "$obstacle" ]; then
        say "installing $optional"
        install_packages $optional 2>/dev/null ||
            say "could not install $optional; going on without:" \
                "cmake/packages.txt says what it is for"
    fi
    [ "${tests:-no}" = no ] || install_judges
}

# What only tests need.
# shellcheck disable=SC2046,SC2086
install_judges() {
    judges=$(missing $(listed tests))
    [ -n "$judges" ] || return 0
    if [ -n "$obstacle" ]; then
        say "skipping the tests that need $judges($obstacle)"
        return 0
    fi
    say "installing $judges"
    install_packages $judges ||
        say "could not install $judges; skipping the tests that need them"
}

# The build directory of a preset: in the tree, or in the user's cache if the
# tree is not theirs to write to.
build_dir() {
    dir=$root/build/$1
    if ! mkdir -p "$dir" 2>/dev/null || ! [ -w "$dir" ]; then
        name=$(printf '%s' "$root" | cksum | tr ' ' -)
        dir=${XDG_CACHE_HOME:-$HOME/.cache}/sluice/$name/$1
        mkdir -p "$dir" || exit 1
    fi
    printf '%s\n' "$dir"
}

# configure PRESET [OPTION...]: sets `build`.
configure() {
    preset=$1
    shift
    build=$(build_dir "$preset")
    set -- --preset "$preset" -S "$root" -B "$build" "$@"
    # A new directory, or one whose tree was moved, starts afresh.
    if ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$root" \
        "$build/CMakeCache.txt" 2>/dev/null; then
        set -- "$@" --fresh
        ! command -v ninja >/dev/null 2>&1 || set -- "$@" -G Ninja
    fi
    # Presets are looked up in the current directory.
    (cd "$root" && quietly cmake "$@") || die "configuring $preset failed"
}

# compile TARGET...: builds in `build`.
compile() {
    say "building $(basename "$build")"
    quietly cmake --build "$build" --parallel "$(nproc)" --target "$@" ||
        die "building failed"
}
