#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From a saved image to a running container, with the real programs on all sides: redis as its
# image's config says, under cbox, unshare, runc, crun; and what is left when it ends or is killed.
load common

setup_file() {
	[ "$(id -u)" -eq 0 ] || return 0
	image redis.docker.tar
	"$CBUILD" "$REPLY" -f dir -o "$BATS_FILE_TMPDIR/redis" --quiet
}

setup() {
	require_root
	ROOT=$BATS_FILE_TMPDIR/redis
	REDIS_UID=$(sed -n 's/^redis:[^:]*:\([0-9]*\):.*/\1/p' "$ROOT/etc/passwd")
	remember
}

teardown() {
	# Only after a failure is anything left; what is, was started here.
	[ -z "${STARTED-}" ] || kill -KILL "$STARTED" 2>/dev/null || true
	left_processes | while read -r pid _; do kill -KILL "$pid" || true; done
	if [ -n "${RUNTIME-}" ]; then "${RUNTIME[@]}" delete --force "$CONTAINER" >/dev/null 2>&1 || true; fi
}

start() { # command…: in the background, its output in the file `out`; sets STARTED
	"$@" </dev/null >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	STARTED=$!
}

ready() { # waits until redis listens, somewhere below STARTED; sets REDIS to its pid
	wait_for 20 printed "$BATS_TEST_TMPDIR/out" "Ready to accept connections" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
	REPLY=
	find_below "$STARTED" redis-server || fail "no process redis-server below $STARTED"
	REDIS=$REPLY
}

field() { # name of a line of /proc/PID/status, pid
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$2/status" | tr '\t' ' '
}

# All that the image's config says of how to start it, seen from outside; $1 is redis's pid.
as_the_config_says() {
	is "$(field Uid "$1")" "$REDIS_UID $REDIS_UID $REDIS_UID $REDIS_UID"
	top=$(readlink "/proc/$1/root")
	cwd=$(readlink "/proc/$1/cwd")
	is "${cwd#"${top%/}"}" /var/lib/redis
	# As redis shows it: its title says where it listens.
	has "$(tr '\0' ' ' <"/proc/$1/cmdline")" "/usr/bin/redis-server 0.0.0.0:6379"
}

# redis-cli of the image, in the container of process $1.
ping_inside() {
	is "$(nsenter --target "$1" --mount --net --pid -- /usr/bin/redis-cli ping)" PONG
	# `--save ""` was an argument: an empty one is one.
	is "$(nsenter --target "$1" --mount --net --pid -- /usr/bin/redis-cli config get save | tail -n 1)" ""
	# Process 1 of the container is ours, and reaps.
	has "$(nsenter --target "$1" --mount --pid -- /bin/cat /proc/1/comm)" cinit
}

ended() { # expected status: waits for STARTED and compares
	local status=0

	wait_for 30 gone "$STARTED" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
	wait "$STARTED" || status=$?
	STARTED=
	[ "$status" -eq "$1" ] || fail "exit status $status, not $1" "$(cat "$BATS_TEST_TMPDIR/out")"
}

@test "cbox run starts what the image's config says, as the user it says; redis-cli ping answers" {
	start "$CBOX" run "$ROOT"
	ready
	as_the_config_says "$REDIS"
	ping_inside "$REDIS"
	kill -TERM "$STARTED"
	ended 0
	has "$(cat "$BATS_TEST_TMPDIR/out")" "scheduling shutdown"
	nothing_left out
}

@test "cbox run of a command: its streams, its status, its process id 1" {
	run "$CBOX" run --entrypoint sh "$ROOT" -c 'id -un; pwd; echo "$MOTTO"; cat /proc/1/comm; exit 7'
	is "$status" 7
	is "$output" "$(printf '%s\n' redis /var/lib/redis 'a word with blanks' cinit)"
	is "$(echo in | "$CBOX" run -i --entrypoint cat "$ROOT")" in
	run "$CBOX" run --entrypoint sh "$ROOT" -c 'kill -KILL $$'
	is "$status" 137
	run -127 "$CBOX" run --entrypoint /nonexistent "$ROOT"
	is "$status" 127
	run "$CBOX" run --entrypoint /etc/passwd "$ROOT"
	is "$status" 126
	nothing_left
}

@test "the rootfs is as it was: what a container writes is gone with it" {
	run "$CBOX" run --user root --entrypoint sh "$ROOT" -c 'echo gone >/etc/new && cat /etc/new'
	is "$status/$output" 0/gone
	[ ! -e "$ROOT/etc/new" ] || fail "the rootfs was written to"
	run "$CBOX" run --user root --writable --entrypoint sh "$ROOT" -c 'echo kept >/srv/new'
	is "$status" 0
	is "$(cat "$ROOT/srv/new")" kept
	rm "$ROOT/srv/new"
}

@test "unshare and chroot start the same rootfs" {
	start unshare -fmuipn --mount-proc chroot "$ROOT" /sbin/cinit
	ready
	as_the_config_says "$REDIS"
	ping_inside "$REDIS"
	kill -TERM "$(field PPid "$REDIS")" # cinit
	ended 0
	# With a command it is the init that other tools know: what it was given, it hands on.
	run unshare -fmuipn --mount-proc chroot "$ROOT" /sbin/cinit -- sh -c 'id -un; exit 3'
	is "$status/$output" 3/root
	nothing_left out
}

bundle() { # command…: an OCI bundle, as runc would write it, of the rootfs and process 1
	mkdir "$BATS_TEST_TMPDIR/bundle"
	(cd "$BATS_TEST_TMPDIR/bundle" && runc spec)
	# What docker grants: to become another user is among it. No limit is touched.
	jq --arg root "$ROOT" '
		["CAP_CHOWN","CAP_DAC_OVERRIDE","CAP_FOWNER","CAP_FSETID","CAP_KILL","CAP_SETGID","CAP_SETUID",
		 "CAP_SETPCAP","CAP_NET_BIND_SERVICE","CAP_SYS_CHROOT"] as $caps |
		.root = { path: $root, readonly: true } | .process.args = $ARGS.positional |
		.process.terminal = false | .process.cwd = "/" | del(.process.rlimits) |
		.process.capabilities |= map_values($caps) | del(.process.capabilities.ambient)
		' "$BATS_TEST_TMPDIR/bundle/config.json" --args "$@" >"$BATS_TEST_TMPDIR/config"
	mv "$BATS_TEST_TMPDIR/config" "$BATS_TEST_TMPDIR/bundle/config.json"
	CONTAINER=e2e-$$-$BATS_TEST_NUMBER
}

under_runtime() { # RUNTIME is a command
	start "${RUNTIME[@]}" run --bundle "$BATS_TEST_TMPDIR/bundle" "$CONTAINER"
	wait_for 20 printed "$BATS_TEST_TMPDIR/out" "Ready to accept connections" || fail "$(cat "$BATS_TEST_TMPDIR/out")"
	is "$("${RUNTIME[@]}" exec "$CONTAINER" /usr/bin/redis-cli ping)" PONG
	REPLY=
	find_below "$STARTED" redis-server || fail "no process redis-server"
	as_the_config_says "$REPLY"
	"${RUNTIME[@]}" kill "$CONTAINER" TERM
	ended 0
	"${RUNTIME[@]}" delete --force "$CONTAINER" 2>/dev/null || true
	nothing_left out config bundle 'bundle/*' 'state' 'state/*'
}

@test "runc starts the same rootfs" {
	need runc jq
	bundle /sbin/cinit
	RUNTIME=(runc --root "$BATS_TEST_TMPDIR/state")
	under_runtime
}

@test "crun starts the same rootfs" {
	need crun jq
	bundle /sbin/cinit
	RUNTIME=(crun --root "$BATS_TEST_TMPDIR/state")
	# It refuses a host with both cgroup trees: there it gets a view without the second.
	if [ -d /sys/fs/cgroup/unified ]; then
		RUNTIME=(unshare --mount sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' sh "${RUNTIME[@]}")
	fi
	under_runtime
}

@test "every form of the redis image answers a ping" {
	for name in redis.oci redis.engine.tar redis.zstd.oci.tar; do
		image $name
		"$CBUILD" "$REPLY" -f dir -o "$BATS_TEST_TMPDIR/$name" --quiet
		run "$CBOX" run --entrypoint sh "$BATS_TEST_TMPDIR/$name" -c 'redis-server --daemonize no --save "" >/dev/null &
			until redis-cli ping 2>/dev/null; do :; done; redis-cli shutdown; wait; id -un'
		is "$status/$output" "0/PONG
redis"
		rm -r "$BATS_TEST_TMPDIR/${name:?}"
	done
	nothing_left
}

@test "a root of one program, and a root tar, run" {
	image hello.oci.tar
	"$CBUILD" "$REPLY" -f dir -o "$BATS_TEST_TMPDIR/hello" --quiet
	run "$CBOX" run "$BATS_TEST_TMPDIR/hello"
	is "$status/$output" "0/hello from process 2, user 0, 0 arguments"
	# The command takes the place of the config's command, behind its entrypoint, as docker has it.
	run "$CBOX" run "$BATS_TEST_TMPDIR/hello" one two
	is "$status/$output" "3/hello from process 2, user 0, 2 arguments, first one"

	image busybox.root.tar
	"$CBUILD" "$REPLY" -f dir -o "$BATS_TEST_TMPDIR/busybox" --quiet
	run "$CBOX" run "$BATS_TEST_TMPDIR/busybox" cat /opt/data/upper
	is "$status/$output" 0/upper
	nothing_left hello 'hello/*' busybox 'busybox/*'
}

@test "what is missing gets one line" {
	run "$CBOX" run "$BATS_TEST_TMPDIR/nowhere"
	refused cbox
	has "$output" nowhere
	mkdir "$BATS_TEST_TMPDIR/empty"
	run "$CBOX" run "$BATS_TEST_TMPDIR/empty"
	refused cbox
	run "$CBOX" run --no-such-option "$ROOT"
	is "$status" 2
	nothing_left empty
}

@test "killed at any moment, cbox run leaves nothing" {
	for milliseconds in 1 2 3 5 8 12 20 40 80 160; do
		start "$CBOX" run "$ROOT"
		sleep "$(printf 0.%03d $milliseconds)"
		kill -KILL "$STARTED"
		wait "$STARTED" 2>/dev/null || true
		nothing_left out
	done
}
