# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What the files about cbox run share: a root of busybox, and how it is run.

setup_file() {
	require_root
	need python3
	ROOT=$BATS_FILE_TMPDIR/root
	tiny_root "$ROOT"
	cp "$CINIT" "$ROOT/sbin/cinit"
	export ROOT
}

setup() {
	remember
}

box() { # arguments of cbox run, without the root…
	run -"${EXPECT:-0}" "$CBOX" run "$@"
}

ended() { # status, pid of a child
	local status=0

	wait "$2" || status=$?
	is "$status" "$1"
}
