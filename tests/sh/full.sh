#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A file system that is full in the middle of an output, in bytes or in names: exit status 1, one
# line that says so, nothing left. On a small tmpfs of its own mount namespace.
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
trap 'umount -l "$work/small" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/small" "$work/in" "$work/in/d"
# Some that are written at once under their name, and some that are copied.
head -c 900000 /dev/urandom >"$work/in/large"
for n in 1 2 3 4 5 6 7 8 9; do
	head -c 100000 /dev/urandom >"$work/in/d/$n"
done
tar -C "$work/in" -cf "$work/image.tar" .
gzip -1 <"$work/image.tar" >"$work/image.tar.gz"
mkdir "$work/oci"
oci_image() { # a docker archive with a compressed layer
	cp "$work/image.tar.gz" "$work/oci/layer"
	echo '{"rootfs":{"type":"layers","diff_ids":["sha256:'"$(sha256sum <"$work/image.tar" | cut -d' ' -f1)"'"]}}' \
		>"$work/oci/config"
	echo '[{"Config":"config","RepoTags":null,"Layers":["layer"]}]' >"$work/oci/manifest.json"
	tar -C "$work/oci" -cf "$work/docker.tar" manifest.json config layer
}
oci_image

mkdir "$work/elsewhere"

n=0
failed=0
try() { # size and inodes of the tmpfs, format, folder of the output, folder for scratch files
	n=$((n + 1))
	mount -t tmpfs -o "$1" tmpfs "$work/small"
	status=0
	TMPDIR=$4 timeout 30 "$CBUILD" "$work/docker.tar" -f "$2" -o "$3/out" --no-init --quiet \
		>"$work/said" 2>&1 || status=$?
	why=
	[ "$status" -eq 1 ] || why="exit status $status"
	[ "$(wc -l <"$work/said")" -eq 1 ] || why="$why; not one line"
	grep -q 'No space left' "$work/said" || why="$why; does not say why"
	[ -z "$(find "$work/small" "$work/elsewhere" -mindepth 1)" ] || why="$why; left something"
	[ "$(stat -f -c %b "$work/small")" = 0 ] ||
		[ "$(stat -f -c %f "$work/small")" -ge "$(($(stat -f -c %b "$work/small") - 1))" ] ||
		why="$why; keeps room"
	umount "$work/small"
	rm -rf "$work/elsewhere/out"
	if [ -n "$why" ]; then
		failed=1
		echo "# $why"
		sed 's/^/# /' "$work/said"
		printf 'not '
	fi
	echo "ok $n - $2 on $1, output in ${3##*/}, scratch files in ${4##*/}"
}
for format in $FORMATS; do
	for size in 400k 950k 1500k; do
		try "size=$size" "$format" "$work/small" "$work/elsewhere"
	done
	try size=950k "$format" "$work/small" "$work/small"
	try size=400k "$format" "$work/elsewhere" "$work/small"
done
try size=8m,nr_inodes=6 dir "$work/small" "$work/elsewhere"
try size=8m,nr_inodes=6 bundle "$work/small" "$work/elsewhere"
try size=8m,nr_inodes=4 oci "$work/small" "$work/elsewhere"
echo "1..$n"
exit $failed
