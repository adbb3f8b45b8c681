#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the images that the tests read, each with a tool that is not ours and out of nothing but
# Debian packages: sh tests/images/build.sh [NAME…]. They lie in build/images (IMAGES overrides).
#
# NAME.sh is called with an empty folder to work in, $1, and one, $2, for what is to appear beside
# the others. A name that ends in .skip holds the reason why the machine cannot make the image
# that the name begins with. What is there already is left alone, until its script changes.
set -eu
cd "$(dirname "$0")/../.."
: "${IMAGES:=$PWD/build/images}"
export IMAGES
mkdir -p "$IMAGES"
if [ "$(id -u)" -ne 0 ]; then
	echo "test images are not made: not root" >&2
	exit 0
fi

make_image() { # name
	(
		exec 9>"$IMAGES/.$1.lock"
		flock 9
		scripts=tests/images/$1.sh
		[ "$1" != engine ] || scripts='tests/images/*.sh' # it reads what the others made
		# shellcheck disable=SC2086 # a pattern
		stamp=$(cat $scripts | cksum)
		[ "$(cat "$IMAGES/.$1.made" 2>/dev/null)" != "$stamp" ] || exit 0
		rm -rf "$IMAGES/.$1.work"
		mkdir -p "$IMAGES/.$1.work/scratch" "$IMAGES/.$1.work/out"
		if ! sh "tests/images/$1.sh" "$IMAGES/.$1.work/scratch" "$IMAGES/.$1.work/out" \
			>"$IMAGES/.$1.log" 2>&1 9>&-; then
			echo "tests/images/$1.sh: failed:" >&2
			cat "$IMAGES/.$1.log" >&2
			rm -rf "$IMAGES/.$1.work"
			exit 1
		fi
		rm -f "$IMAGES/.$1.made"
		for made in "$IMAGES/.$1.work/out"/*; do
			rm -rf "${IMAGES:?}/${made##*/}" "$IMAGES/${made##*/}.skip"
			mv "$made" "$IMAGES/"
		done
		rm -rf "$IMAGES/.$1.work"
		echo "$stamp" >"$IMAGES/.$1.made"
	)
}

[ $# -gt 0 ] || set -- busybox hello redis engine
jobs=
for name; do
	case $name in
	engine) ;;
	*)
		make_image "$name" &
		jobs="$jobs $!"
		;;
	esac
done
status=0
for job in $jobs; do
	wait "$job" || status=1
done
[ $status -eq 0 ] || exit 1
for name; do
	[ "$name" != engine ] || make_image "$name"
done
