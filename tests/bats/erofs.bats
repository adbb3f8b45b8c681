#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# EROFS, as the kernel and fsck.erofs read what is written: random roots, large directories, limits.

load common

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	MAKER=$TOP/tests/helpers/erofs_tree.py
}

teardown() {
	if mountpoint -q "$BATS_TEST_TMPDIR/mounted"; then umount "$BATS_TEST_TMPDIR/mounted"; fi
}

mounted() { # image
	mkdir -p mounted
	mount -t erofs -o ro,loop "$1" mounted 2>log || skip "no EROFS can be mounted here"
}

as_the_model_says() { # kind, seed
	python3 "$MAKER" make "$1" "$2" root.tar
	"$CBUILD" -q --no-init root.tar -f erofs -o "$1-$2"
	fsck.erofs "$1-$2" >log 2>&1 || fail "$(cat log)"
	mounted "$1-$2"
	python3 "$MAKER" check "$1" "$2" mounted || fail "seed: $2"
	umount mounted
}

@test "random roots are what the kernel finds in their EROFS" {
	require_root
	need fsck.erofs
	seed=${SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		as_the_model_says random "$((seed + i))"
		rm "random-$((seed + i))"
	done
}

@test "each of 100,000 names in a directory is found" {
	require_root
	need fsck.erofs
	as_the_model_says crowd 1
}

@test "what an EROFS cannot hold is refused before anything is written" {
	reason_of() { # kind
		python3 "$MAKER" make "$1" 1 root.tar
		run "$CBUILD" -q --no-init root.tar -o out.erofs
		refused cbuild
		has "$output" "'/it': "
		is "$(ls -A)" root.tar
	}
	reason_of value
	has "$output" "'user.large' has more than the 65535 bytes"
	reason_of attributes
	has "$output" "more than the 262148 that an EROFS holds"
	reason_of device
	has "$output" "no room for the device number 4096:0"
}

@test "an EROFS goes through a pipe, and needs no privilege" {
	python3 "$MAKER" make random 7 root.tar
	"$CBUILD" -q --no-init root.tar -o out.erofs
	"$CBUILD" -q --no-init root.tar -f erofs -o - | cat >piped
	cmp out.erofs piped
	[ "$(id -u)" -ne 0 ] || setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all \
		"$CBUILD" -q --no-init - -f erofs -o - <root.tar >unprivileged
	[ "$(id -u)" -ne 0 ] || cmp out.erofs unprivileged
}

@test "times that are all the same make an EROFS smaller" {
	mkdir root
	for i in $(seq 2000); do ln -s target "root/$i"; done
	tar -C root -cf root.tar .
	"$CBUILD" -q --no-init root.tar --mtime 5 -o same.erofs
	for i in $(seq 2000); do touch -h -d "@$i" "root/$i"; done
	tar -C root -cf root.tar .
	"$CBUILD" -q --no-init root.tar -o different.erofs
	[ $(($(stat -c %s different.erofs) - $(stat -c %s same.erofs))) -ge 60000 ]
}
