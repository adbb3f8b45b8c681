#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs fuzz harnesses, all or those named, one after another:
#	FUZZ_SECONDS=600 sh tests/fuzz/fuzz.sh layer boot
# Each begins with its committed corpus and keeps what it adds in FUZZ_CORPUS (build/fuzz/corpus).
# Too slow and too large count as findings. Status 1 after a finding, and how to see it again.
set -eu
cd "$(dirname "$0")/../.."
: "${FUZZ_SECONDS:=60}" "${FUZZ_CORPUS:=build/fuzz/corpus}"
[ -n "${TMPDIR-}" ] || [ ! -w /dev/shm ] || export TMPDIR=/dev/shm

if [ $# -eq 0 ]; then
	for file in tests/fuzz/fuzz_*.c; do
		set -- "$@" "$(basename "$file" .c)"
	done
fi
programs=
for name; do
	programs="$programs build/fuzz/fuzz_${name#fuzz_}"
done
# shellcheck disable=SC2086 # names of ours, without blanks
make --no-print-directory -s -j"$(nproc)" CC=clang FLAVOR=fuzz $programs

found=0
for program in $programs; do
	name=${program#build/fuzz/fuzz_}
	mkdir -p "$FUZZ_CORPUS/$name"
	echo "fuzz: $name for $FUZZ_SECONDS seconds"
	status=0
	# Of a tar the first headers decide; a larger one is only slower.
	"$program" -max_total_time="$FUZZ_SECONDS" -max_len=16384 -timeout=10 -rss_limit_mb=768 \
		-malloc_limit_mb=256 -print_final_stats=1 -verbosity=1 \
		-artifact_prefix="$FUZZ_CORPUS/$name-" \
		"$FUZZ_CORPUS/$name" "tests/fuzz/corpus/$name" || status=$?
	[ "$status" -ne 0 ] || continue
	found=$((found + 1))
	for file in "$FUZZ_CORPUS/$name"-*; do
		[ ! -f "$file" ] || echo "fuzz: $name: see it again: $program $file"
	done
done
[ "$found" -eq 0 ] || { echo "fuzz: $found with findings" && exit 1; }
