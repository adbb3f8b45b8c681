#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each hostile archive of tests/refuse: exit status 1, one line that names it, nothing left.
set -eu
# shellcheck source=tests/env.sh
. tests/env.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/in" "$work/out" "$work/tmp"
python3 tests/refuse/make.py "$work/in"

n=0
failed=0
for file in "$work"/in/*.tar; do
	n=$((n + 1))
	reason=$(basename "$file" .tar)
	status=0
	TMPDIR=$work/tmp timeout 20 "$CBUILD" "$file" -o "$work/out/rootfs" --no-init --quiet \
		>"$work/said" 2>&1 || status=$?
	why=
	[ "$status" -eq 1 ] || why="exit status $status"
	[ "$(wc -l <"$work/said")" -eq 1 ] || why="$why; not one line"
	grep -qF "$reason.tar'" "$work/said" || why="$why; does not name it"
	[ -z "$(find "$work/out" "$work/tmp" -mindepth 1)" ] || why="$why; left something"
	if [ -z "$why" ]; then
		echo "ok $n - refused: $reason"
	else
		failed=1
		echo "# $why"
		sed 's/^/# /' "$work/said"
		echo "not ok $n - refused: $reason"
		rm -rf "$work/out/rootfs"
	fi
done
echo "1..$n"
exit $failed
