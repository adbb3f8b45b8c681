#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A disk that fails in the middle of an output, or only when all was said to be written: exit status
# 1, one line that says so, nothing left. The disk is a file with holes on a full tmpfs: what is
# written to it is lost when the kernel gets to it. In a mount namespace of its own.
set -eu
# shellcheck source=tests/env.sh
. tests/env.sh
if [ "$(id -u)" -ne 0 ]; then
	echo "1..0 # SKIP not root"
	exit 0
fi
if [ "${1:-}" != inside ]; then
	exec unshare --mount --propagation private sh "$0" inside
fi
work=$(mktemp -d)
trap 'umount "$work/disk" "$work/below" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/below" "$work/disk" "$work/in" "$work/in/d"
head -c 2000000 /dev/urandom >"$work/in/large"
for n in 1 2 3 4 5 6 7 8 9; do
	head -c 100000 /dev/urandom >"$work/in/d/$n"
done
tar -C "$work/in" -cf "$work/image.tar" .

n=0
failed=0
try() { # format
	n=$((n + 1))
	# Its own books are on the disk already, so that files are what is lost.
	mount -t tmpfs -o size=1m tmpfs "$work/below"
	truncate -s 64M "$work/below/file"
	mkfs.ext4 -q -O ^has_journal -E nodiscard,lazy_itable_init=0 -N 1024 "$work/below/file"
	mount -o loop "$work/below/file" "$work/disk"
	rmdir "$work/disk/lost+found"
	status=0
	timeout 30 "$CBUILD" "$work/image.tar" -f "$1" -o "$work/disk/out" --no-init --quiet \
		>"$work/said" 2>&1 || status=$?
	why=
	[ "$status" -eq 1 ] || why="exit status $status"
	[ "$(wc -l <"$work/said")" -eq 1 ] || why="$why; not one line"
	grep -qi -e 'Input/output error' -e 'No space left' "$work/said" || why="$why; does not say why"
	[ -z "$(find "$work/disk" -mindepth 1)" ] || why="$why; left something"
	umount "$work/disk"
	umount "$work/below"
	if [ -n "$why" ]; then
		failed=1
		echo "# $why"
		sed 's/^/# /' "$work/said"
		printf 'not '
	fi
	echo "ok $n - $1 on a disk that fails"
}
for format in $FORMATS; do
	try "$format"
done
echo "1..$n"
exit $failed
