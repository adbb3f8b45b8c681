#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds, makes the test images, then runs every test under prove, which prints the closing line.
# FLAVOR chooses the build (release); arguments choose test files (all):
#	sh tests/run.sh tests/bats/e2e.bats build/release/tests/unit/test_tree
set -eu
cd "$(dirname "$0")/.."
: "${FLAVOR:=release}"
. tests/env.sh
jobs=$(nproc)

sh tests/images/build.sh &
images=$!
trap 'kill $images 2>/dev/null || true' EXIT
make --no-print-directory -s -j"$jobs" FLAVOR="$FLAVOR" all units helpers
# What a rootfs gets is the real process 1; a flavour that wants its libc has a twin to test besides.
make --no-print-directory -s FLAVOR=release "${CINIT#"$TOP/"}"
wait "$images"
trap - EXIT

# The longest first, so that no core idles at the end.
[ $# -gt 0 ] || set -- tests/bats/e2e*.bats tests/bats/*.bats tests/sh/*.sh tests/layers.sh "$BUILD"/tests/unit/test_*
tests=
for t in "$@"; do
	case "$t $tests " in
	*.[do]' '* | *'*'* | "$t "*" $t "*) ;;
	*) tests="$tests $t" ;;
	esac
done
# A failed test's comments say what it saw.
# shellcheck disable=SC2086 # names of ours, without blanks
exec prove --jobs "$jobs" --timer --comments --failures --exec 'sh tests/exec.sh' $tests
