#!/bin/sh
# Every C file is as clang-format would write it.  Versions differ in taste:
# .clang-format is meant for version 14, Debian 12's; with others, skip.
#
#     format.sh ROOT
set -u
cd "$1" || exit 1

version=$(clang-format --version 2>/dev/null) || {
    echo "skipped: clang-format is not installed"
    exit 77
}
case $version in
*"version 14."*) ;;
*)
    echo "skipped: not version 14 but: $version"
    exit 77
    ;;
esac
said=$(find src include bench tests docs/examples -name '*.[ch]' -print0 |
    xargs -0 clang-format --dry-run -Werror 2>&1) || {
    echo "clang-format -i would change"
    echo "$said" | sed -n 's/:.*error:.*//p' | sort -u
    exit 1
}
