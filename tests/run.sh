#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds, makes the test images, then runs every test under prove, which prints the closing line.
# FLAVOR chooses the build (release); arguments choose test files (all).
set -eu
cd "$(dirname "$0")/.."
: "${FLAVOR:=release}"
jobs=$(nproc)
make --no-print-directory -s -j"$jobs" FLAVOR="$FLAVOR" all units helpers
sh tests/images/build.sh
. tests/env.sh

[ $# -gt 0 ] || set -- "$BUILD"/tests/unit/test_* tests/layers.sh tests/sh/*.sh tests/bats/*.bats
tests=
for t in "$@"; do
	case $t in *.[do] | *'*'*) ;; *) tests="$tests $t" ;; esac
done
# shellcheck disable=SC2086 # names of ours, without blanks
exec prove --jobs "$jobs" --timer --exec 'sh tests/exec.sh' $tests
