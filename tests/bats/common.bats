#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The tests' own net has no holes.
load common

@test "a process, a mount, a cgroup and a file that stay are found" {
	require_root
	remember
	mkdir "$BATS_TEST_TMPDIR/mount"
	nothing_left mount
	run nothing_left
	[ "$status" -ne 0 ]
	has "$output" ./mount

	tail -f /dev/null "$BATS_TEST_TMPDIR/mount" 3>&- 2>/dev/null &
	pid=$!
	has "$(left_processes)" "tail -f /dev/null $BATS_TEST_TMPDIR"
	kill $pid
	wait $pid || true
	is "$(left_processes)" ""

	mount -t tmpfs none "$BATS_TEST_TMPDIR/mount"
	unshare -m sleep 60 3>&- &
	pid=$!
	has "$(left_mounts)" "$BATS_TEST_TMPDIR/mount"
	umount "$BATS_TEST_TMPDIR/mount"
	is "$(left_mounts)" ""
	kill $pid
	wait $pid || true

	group=/sys/fs/cgroup/pids
	[ -d $group ] || group=/sys/fs/cgroup
	mkdir -p "$group/common.bats/leaf"
	has "$(left_cgroups)" "$group/common.bats/leaf"
	rmdir "$group/common.bats/leaf" "$group/common.bats"
	is "$(left_cgroups)" ""
}

@test "waiting ends with the condition, or fails with its name" {
	touch "$BATS_TEST_TMPDIR/there"
	wait_for 5 test -e "$BATS_TEST_TMPDIR/there"
	run wait_for 0 test -e "$BATS_TEST_TMPDIR/nowhere"
	[ "$status" -ne 0 ]
	has "$output" "waited in vain for: test -e"
}

@test "a refusal is exit 1 and one line" {
	run sh -c 'echo cbuild: no; exit 1'
	refused cbuild
	run sh -c 'echo cbuild: no; exit 2'
	run ! refused cbuild
	run sh -c 'echo cbuild: no; echo cbuild: no; exit 1'
	run ! refused cbuild
}

@test "the tiny root starts" {
	require_root
	tiny_root "$BATS_TEST_TMPDIR/root"
	run chroot "$BATS_TEST_TMPDIR/root" sh -c 'id -un; ls /home'
	is "$status/$output" "0/root
app"
}
