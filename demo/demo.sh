#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The main job, end to end: an image becomes a rootfs, runs as a container, boots as a machine.
# IMAGE=saved.tar takes another image than the demo's own, and runs what its config says; COMMAND
# says something else to run.
set -eu
cd "$(dirname "$0")/.."
make --no-print-directory -s -j"$(nproc)" all
bin=build/release
mkdir -p build/demo

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
show() {
	printf '$ %s\n' "$*"
	"$@"
}
# Owners and devices of a directory are root's to make.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then show "$@"; else show sudo "$@"; fi
}

image=${IMAGE:-build/demo/image}
command=${COMMAND:-}
if [ -z "${IMAGE:-}" ]; then
	command=${COMMAND:-ps}
	say "The image: a static busybox, made by umoci"
	sh demo/image.sh "$image"
	ls "$image"
fi

say "1. The image becomes a rootfs"
as_root $bin/cbuild "$image" -o build/demo/rootfs -f dir --force

say "2. The rootfs runs as a container, and boots as a machine, side by side"
# shellcheck disable=SC2086 # a command line
as_root $bin/cbox compare build/demo/rootfs $command

say "Now you:"
echo "  $bin/cbox run  -it build/demo/rootfs /bin/sh"
echo "  $bin/cbox boot -it build/demo/rootfs /bin/sh"
