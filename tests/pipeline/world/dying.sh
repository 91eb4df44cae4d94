#!/bin/sh
# Processes of which number 1 dies: each other one says so, and ends.
#
#     dying.sh OTHERS mpirun... PROGRAM DEATH
set -eu

others=$1
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
out=$("$@" "$folder" 2>&1) || true
said=$(echo "$out" |
    grep -c "status.*process 1 (pid [0-9]*) has ended without leaving" || true)
[ "$said" = "$others" ] || { echo "$out"; exit 1; }
