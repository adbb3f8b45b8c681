#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cbuild beside what else unpacks images, in one interleaved run: make bench-build
# The image is made once, by bench/image.sh, and kept in build/bench.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" -eq 0 ] || { echo "bench/build.sh: owners of files need root" >&2 && exit 1; }
: "${IMAGES:=$PWD/build/images}"
export IMAGES
make --no-print-directory -s build/release/cbuild build/release/cinit
if [ ! -e build/bench/made ]; then
	sh tests/images/build.sh redis
	rm -rf build/bench
	mkdir -p build/bench/work
	sh bench/image.sh build/bench build/bench/work >build/bench/log 2>&1 ||
		{ cat build/bench/log >&2 && exit 1; }
	rm -rf build/bench/work
	touch build/bench/made
fi
exec env PYTHONDONTWRITEBYTECODE=1 python3 bench/build.py build/release/cbuild build/bench "$@"
