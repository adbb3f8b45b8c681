#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rootfs of e2e.bats in a machine: by cbox, and by QEMU as README.md says to type it.
load common

setup_file() {
	[ "$(id -u)" -eq 0 ] || return 0
	image redis.oci
	"$CBUILD" "$REPLY" -f dir -o "$BATS_FILE_TMPDIR/redis" --quiet
	"$CBUILD" "$REPLY" -f cpio -o "$BATS_FILE_TMPDIR/redis.cpio" --quiet
	image hello.oci
	"$CBUILD" "$REPLY" -f cpio -o "$BATS_FILE_TMPDIR/hello.cpio" --quiet
	# The kernel is fetched once, into the folder that all tests share.
	"$CBOX" boot "$BATS_FILE_TMPDIR/hello.cpio" >"$BATS_FILE_TMPDIR/first" 2>&1 </dev/null ||
		fail "$(cat "$BATS_FILE_TMPDIR/first")"
}

setup() {
	require_root
	remember
}

teardown() {
	# Only after a failure is anything left; what is, was started here.
	[ -z "${STARTED-}" ] || kill -KILL "$STARTED" 2>/dev/null || true
	left_processes | while read -r pid _; do kill -KILL "$pid" || true; done
}

start() { # command…: in the background, its output in the file `out`; sets STARTED
	"$@" <&0 >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	STARTED=$!
}

out() {
	tr -d '\r' <"$BATS_TEST_TMPDIR/out"
}

ready() {
	wait_for 60 printed "$BATS_TEST_TMPDIR/out" "Ready to accept connections" || fail "$(out)"
}

ended() { # expected status: waits for STARTED and compares
	local status=0

	wait_for 60 gone "$STARTED" || fail "$(out)"
	wait "$STARTED" || status=$?
	STARTED=
	[ "$status" -eq "$1" ] || fail "exit status $status, not $1" "$(out)"
}

# What redis and its client say of each other, as the payload sees the machine.
talk='redis-server --save "" --daemonize no >/tmp/log & until redis-cli ping 2>/dev/null; do :; done
	id -un; pwd; echo "$MOTTO"; cat /proc/1/comm; redis-cli shutdown; wait; exit 7'

talked() { # output
	is "$1" "$(printf '%s\n' PONG redis /var/lib/redis 'a word with blanks' cinit)"
}

kernel_image() { # sets REPLY to the kernel that cbox found
	REPLY=$("$CBOX" boot --dry-run "$BATS_FILE_TMPDIR/hello.cpio" 2>&1 | tr ' ' '\n' |
		sed -n "/^'*-kernel'*$/{n;s/'//g;p;q}")
	[ -s "$REPLY" ] || fail "cbox boot --dry-run names no kernel"
}

# The line of README.md.
plain_qemu() { # initramfs
	kernel_image
	start qemu-system-x86_64 -m 768 -nographic -no-reboot -kernel "$REPLY" -initrd "$1" \
		-append "console=ttyS0 quiet rdinit=/sbin/cinit"
}

@test "cbox boot starts what the image's config says; SIGTERM ends it" {
	start "$CBOX" boot "$BATS_FILE_TMPDIR/redis.cpio" </dev/null
	ready
	kill -TERM "$STARTED"
	ended 0
	has "$(out)" "scheduling shutdown"
	nothing_left out
}

@test "redis-cli ping answers in a machine made of an initramfs, as the config's user" {
	run "$CBOX" boot --entrypoint sh "$BATS_FILE_TMPDIR/redis.cpio" -c "$talk"
	is "$status" 7
	talked "$output"
	nothing_left
}

@test "redis-cli ping answers in a machine made of the directory that also runs" {
	run "$CBOX" boot --entrypoint sh "$BATS_FILE_TMPDIR/redis" -c "$talk"
	is "$status" 7
	talked "$output"
	run "$CBOX" run --entrypoint sh "$BATS_FILE_TMPDIR/redis" -c "$talk"
	is "$status" 7
	talked "$output"
	nothing_left
}

@test "a machine passes bytes and statuses on, and has a kernel of its own" {
	run "$CBOX" boot "$BATS_FILE_TMPDIR/hello.cpio" one two
	is "$status" 3
	has "$output" "user 0, 2 arguments, first one"
	head -c 100000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	"$CBOX" boot -i --entrypoint cat "$BATS_FILE_TMPDIR/redis.cpio" <"$BATS_TEST_TMPDIR/bytes" >"$BATS_TEST_TMPDIR/same"
	cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/same"
	run "$CBOX" boot --entrypoint sh "$BATS_FILE_TMPDIR/redis.cpio" -c 'uname -r; kill -USR1 $$'
	is "$status" 138
	[ "${lines[0]}" != "$(uname -r)" ] || skip "the host runs the kernel that cbox boots"
	nothing_left bytes same
}

@test "plain QEMU starts the initramfs, and the machine ends with its payload" {
	plain_qemu "$BATS_FILE_TMPDIR/hello.cpio" </dev/null
	ended 0
	has "$(out)" "hello from process"
	nothing_left out
}

@test "plain QEMU starts redis as its config says, until Ctrl-A x" {
	mkfifo "$BATS_TEST_TMPDIR/keys"
	exec 4<>"$BATS_TEST_TMPDIR/keys"
	plain_qemu "$BATS_FILE_TMPDIR/redis.cpio" <&4
	ready
	has "$(out)" "Running in standalone mode"
	printf '\001x' >&4
	ended 0
	exec 4>&-
	nothing_left out keys
}

@test "without QEMU or without a kernel, one line says what to do" {
	mkdir "$BATS_TEST_TMPDIR/empty"
	run env PATH="$BATS_TEST_TMPDIR/empty" "$CBOX" boot "$BATS_FILE_TMPDIR/hello.cpio"
	refused cbox
	has "$output" qemu-system-x86
	run "$CBOX" boot --kernel "$BATS_TEST_TMPDIR/nowhere" "$BATS_FILE_TMPDIR/hello.cpio"
	refused cbox
	has "$output" nowhere
	printf 'not a kernel' >"$BATS_TEST_TMPDIR/text"
	run "$CBOX" boot --kernel "$BATS_TEST_TMPDIR/text" "$BATS_FILE_TMPDIR/hello.cpio"
	refused cbox
	has "$output" text
	nothing_left empty text
}

@test "killed at any moment, cbox boot leaves nothing" {
	for milliseconds in 3 20 60 150 400 1200; do
		start "$CBOX" boot "$BATS_FILE_TMPDIR/redis.cpio" </dev/null
		sleep "$(printf %d.%03d $((milliseconds / 1000)) $((milliseconds % 1000)))"
		kill -KILL "$STARTED"
		wait "$STARTED" 2>/dev/null || true
		STARTED=
		nothing_left out
	done
}
