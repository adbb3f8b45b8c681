#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cinit beside Debian's tini, dumb-init and catatonit, and beside the least that an init can do:
# all in one interleaved run, medians. As root, for the pid namespaces.
set -eu
cd "$(dirname "$0")/.."
build=build/release
make --no-print-directory -s -j"$(nproc)" $build/cinit helpers
mkdir -p $build/bench
cc -O2 -D_GNU_SOURCE -o $build/bench/time bench/init/time.c
musl-gcc -Os -static -s -D_GNU_SOURCE -o $build/bench/floor bench/init/floor.c
musl-gcc -Os -static -s -D_GNU_SOURCE -o $build/bench/answer bench/init/time.c
printf 'int main(void) { return 0; }\n' | musl-gcc -Os -static -s -xc -o $build/bench/true -
signals=$build/tests/helpers/signals
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

inits="$build/cinit $build/bench/floor"
for peer in tini tini-static dumb-init catatonit; do
	if path=$(command -v $peer); then inits="$inits $path"; else echo "$peer is not installed"; fi
done
rounds=${ROUNDS:-500}

# shellcheck disable=SC2086 # a list of programs
$build/bench/time start "$rounds" $build/bench/true - $inits >"$out/start"
# shellcheck disable=SC2086
$build/bench/time signal $((rounds * 4)) $build/bench/answer - $inits >"$out/signal"
bare=$(awk -F'\t' '$1 == "-" { print $2 }' "$out/start")
bare_signal=$(awk -F'\t' '$1 == "-" { print $2 }' "$out/signal")

namespace() { unshare --pid --fork --kill-child --mount-proc "$@"; }

# Memory and wake-ups: all of them idle, side by side, for ten seconds.
for init in $inits; do
	unshare --pid --fork --kill-child --mount-proc "$init" "$(command -v sleep)" 1000 &
	echo "$init $!" >>"$out/idle"
done
sleep 2
switches() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$1/status"; }
while read -r init unshare; do
	pid=$(pgrep -P "$unshare")
	echo "$init $unshare $pid $(switches "$pid") $(awk '/^Private/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")"
done <"$out/idle" >"$out/idle2"
sleep 10
while read -r init unshare pid before private; do
	echo "$init $(($(switches "$pid") - before)) $private"
	kill -KILL "$unshare" "$pid" 2>/dev/null || true
done <"$out/idle2" >"$out/idle3"
wait

# CPU of process 1 a child, with a crowd of living orphans; three times, in turn.
rounds_of_crowd='1 2 3'
for round in $rounds_of_crowd; do
	for live in 0 1000 10000; do
		for init in $inits; do
			echo "$init $live $(namespace "$init" -- "$signals" crowd $live 1000)"
		done
	done
done >"$out/crowd"
: "$round"

# Storms: what is left of 10,000 orphans when they have all died, and the exit status.
# shellcheck disable=SC2016 # the inner shell's
storm='"$0" orphans 10000 "$1"; i=0; while n=$(grep -ls "^State:.Z" /proc/[0-9]*/status | wc -l) && [ $n -gt 0 ] && [ $i -lt 50 ]; do i=$((i + 1)); done; [ $n -eq 0 ] && exit 42'
for init in $inits; do
	for kind in together stream; do
		status=0
		began=$(date +%s%N)
		namespace "$init" -- "$(command -v sh)" -c "$storm" "$signals" $kind || status=$?
		echo "$init $kind $status $((($(date +%s%N) - began) / 1000000))"
	done
done >"$out/storm"

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
storm_of() { awk -v i="$1" -v k="$2" '$1 == i && $2 == k { print ($3 == 42 ? $4 " ms" : "status " $3) }' "$out/storm"; }
echo "bare payload: start $bare us, signal $bare_signal us (medians of $rounds and $((rounds * 4)))"
printf '%-12s %8s %9s %7s %10s %6s %9s %24s %10s %10s\n' init size private wakeups start ratio signal \
	"us/child 0, 1000, 10000" together stream
for init in $inits; do
	start=$(awk -F'\t' -v i="$init" -v b="$bare" '$1 == i { printf "%.0f", $2 - b }' "$out/start")
	ratio=$(awk -F'\t' -v i="$init" -v b="$bare" '$1 == i { printf "%.2f", $2 / b }' "$out/start")
	signal=$(awk -F'\t' -v i="$init" '$1 == i { print $2 }' "$out/signal")
	crowd=
	for live in 0 1000 10000; do
		crowd="$crowd $(awk -v i="$init" -v l=$live '$1 == i && $2 == l { print $3 }' "$out/crowd" | median)"
	done
	printf '%-12s %8s %6s KB %7s %7s us %6s %6s us %24s %10s %10s\n' "$(basename "$init")" \
		"$(stat -Lc %s "$init")" "$(awk -v i="$init" '$1 == i { print $3 }' "$out/idle3")" \
		"$(awk -v i="$init" '$1 == i { print $2 }' "$out/idle3")" "+$start" "$ratio" "$signal" \
		"$crowd" "$(storm_of "$init" together)" "$(storm_of "$init" stream)"
done
