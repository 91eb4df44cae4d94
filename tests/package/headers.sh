#!/bin/sh
# Each public header compiles alone, as strict C11 and C++17; each internal one
# alone, as the C that we write ourselves.  One that its own source includes
# before anything else has been compiled so by the build.
#
#     headers.sh ROOT CC [CXX]
set -u
cd "$1" || exit 1
cc=$2
cxx=${3-}
warn='-Wall -Wextra -Wshadow -Wundef -Werror -fsyntax-only'
bad=0
n=0

# alone HEADER COMPILER FLAGS...
alone() {
    header=$1
    shift
    n=$((n + 1))
    # A translation unit must not be empty.
    printf '#include <%s>\nextern int something;\n' "$header" | "$@" - &&
        return
    echo "$header does not compile alone: $*"
    bad=$((bad + 1))
}

for path in include/sluice/*.h; do
    header=${path#include/}
    # shellcheck disable=SC2086
    alone "$header" "$cc" -std=c11 -pedantic $warn -Iinclude -x c
    # shellcheck disable=SC2086
    [ -z "$cxx" ] ||
        alone "$header" "$cxx" -std=c++17 -pedantic $warn -Iinclude -x c++
done
# The first line for the preprocessor of each source, if it is its own header.
built=$(find src -name '*.c' -exec awk '
    FNR == 1 { seen = 0 }
    /^#/ && !seen++ {
        own = FILENAME
        sub(/^src\//, "", own)
        sub(/c$/, "h", own)
        if ($0 == "#include \"" own "\"")
            print own
    }' {} +)
n_built=0
for path in $(find src -name '*.h' | LC_ALL=C sort); do
    header=${path#src/}
    case "
$built
" in
    *"
$header
"*)
        n_built=$((n_built + 1))
        continue
        ;;
    esac
    # shellcheck disable=SC2086
    alone "$header" "$cc" -std=gnu11 -D_GNU_SOURCE $warn -Iinclude -Isrc \
        -x c
done

[ -n "$cxx" ] || echo "no C++ compiler: the headers were not tried as C++"
echo "$n compilations, $bad bad; $n_built headers come first in their sources"
[ "$bad" -eq 0 ] && [ "$n" -gt 0 ] && [ "$n_built" -gt 0 ]
