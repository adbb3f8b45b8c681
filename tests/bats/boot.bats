#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# `cbox boot` and `cbox compare` on a small root. Each boot costs seconds: few, with much in each.
load common

setup_file() {
	[ "$(id -u)" -eq 0 ] || return 0
	tiny_root "$BATS_FILE_TMPDIR/root"
	mkdir -p "$BATS_FILE_TMPDIR/root/etc/cinit"
	# The kernel is fetched once, into the folder that all tests share.
	"$CBOX" boot "$BATS_FILE_TMPDIR/root" true >"$BATS_FILE_TMPDIR/first" 2>&1 ||
		fail "$(cat "$BATS_FILE_TMPDIR/first")"
	ROOT=$BATS_FILE_TMPDIR/root
	export ROOT
}

setup() {
	require_root
	remember
}

teardown() {
	[ -z "${STARTED-}" ] || kill -KILL "$STARTED" 2>/dev/null || true
}

@test "what the command line says of the payload arrives: arguments, environment, user, directory, name" {
	run "$CBOX" boot -e GREETING='good day' -u app -w /var/log --hostname box "$ROOT" \
		sh -c 'echo "$0|$1|$GREETING|$(id -un)|$(pwd)|$(hostname)"; exit 7' zero 'two words'
	is "$status" 7
	is "$output" 'zero|two words|good day|app|/var/log|box'
	nothing_left
}

@test "output arrives byte for byte, standard error apart, and so does the input with its end" {
	head -c 60000 /dev/urandom >"$BATS_TEST_TMPDIR/bytes"
	# shellcheck disable=SC2016 # the guest's shell
	"$CBOX" boot -i "$ROOT" sh -c '[ -t 1 ] || echo pipes >&2; cat' <"$BATS_TEST_TMPDIR/bytes" \
		>"$BATS_TEST_TMPDIR/same" 2>"$BATS_TEST_TMPDIR/error"
	cmp "$BATS_TEST_TMPDIR/bytes" "$BATS_TEST_TMPDIR/same"
	is "$(cat "$BATS_TEST_TMPDIR/error")" pipes
	nothing_left bytes same error
}

@test "a payload without -i reads nothing; one that is killed tells its signal" {
	# shellcheck disable=SC2016
	run "$CBOX" boot "$ROOT" sh -c 'cat; kill -KILL $$' <<<"not for it"
	is "$status" 137
	is "$output" ""
	nothing_left
}

@test "a terminal has our size, and Ctrl-C is the payload's" {
	mkfifo "$BATS_TEST_TMPDIR/keys"
	# shellcheck disable=SC2016
	printf 'stty size; trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done\n' \
		>"$BATS_TEST_TMPDIR/talk"
	python3 - "$CBOX" "$ROOT" "$BATS_TEST_TMPDIR/talk" >"$BATS_TEST_TMPDIR/out" <<'PYTHON'
import fcntl, os, pty, select, struct, sys, termios, time
cbox, root, talk = sys.argv[1:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(cbox, [cbox, "boot", "-it", root, "sh", "-c", open(talk).read()])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
out, sent, end = b"", False, time.time() + 60
while time.time() < end:
    if not select.select([fd], [], [], 1)[0]:
        continue
    try:
        data = os.read(fd, 4096)
    except OSError:
        break
    if not data:
        break
    out += data
    if b"ready" in out and not sent:
        sent = os.write(fd, b"\x03") == 1
print(out.decode().replace("\r", ""), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
	has "$(cat "$BATS_TEST_TMPDIR/out")" "33 101"
	has "$(cat "$BATS_TEST_TMPDIR/out")" "caught"
	has "$(tail -1 "$BATS_TEST_TMPDIR/out")" 9
	nothing_left keys talk out
}

@test "signals reach the payload; before it runs they end the machine" {
	# shellcheck disable=SC2016
	"$CBOX" boot "$ROOT" sh -c 'trap "echo told; exit 5" TERM; echo ready; while :; do sleep 0.1; done' \
		>"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	STARTED=$!
	wait_for 60 printed "$BATS_TEST_TMPDIR/out" ready
	kill -TERM "$STARTED"
	status=0
	wait "$STARTED" || status=$?
	is "$status" 5
	has "$(cat "$BATS_TEST_TMPDIR/out")" told
	"$CBOX" boot "$ROOT" true >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	STARTED=$!
	wait_for 20 pgrep -P "$STARTED" qemu
	kill -TERM "$STARTED"
	status=0
	wait "$STARTED" || status=$?
	STARTED=
	is "$status" 143
	nothing_left out
}

@test "a machine that dies is status 255, with the kernel's last words" {
	run "$CBOX" boot "$ROOT" sh -c 'echo alive; echo c >/proc/sysrq-trigger; sleep 60'
	is "$status" 255
	is "${lines[0]}" alive
	has "$output" "the machine ended without saying"
	has "${lines[2]}" "Kernel panic - not syncing: sysrq"
	nothing_left
}

@test "wrong wishes are refused before anything starts" {
	run "$CBOX" boot --machine pdp11 "$ROOT" true
	refused cbox
	has "$output" "there are: q35, microvm"
	run "$CBOX" boot --memory 1m "$ROOT" true
	refused cbox
	run "$CBOX" boot --accel warp "$ROOT" true
	is "$status" 2
	run "$CBOX" boot "$BATS_TEST_TMPDIR/nothing" true
	refused cbox
	has "$output" nothing
	nothing_left
}

@test "compare tells both sides of the same root apart" {
	"$CBUILD" "$ROOT" -f dir -o "$BATS_TEST_TMPDIR/root" --quiet
	"$CBOX" compare --json "$BATS_TEST_TMPDIR/root" sh -c 'echo hi; exit 3' >"$BATS_TEST_TMPDIR/json"
	is "$(jq -r '[.container, .machine][] | "\(.pid1) \(.status) \(.processes[1].name)"' \
		"$BATS_TEST_TMPDIR/json")" $'cinit 3 sh\ncinit 3 sh'
	is "$(jq -r .container.kernel "$BATS_TEST_TMPDIR/json")" "$(uname -r)"
	is "$(jq '.machine.memory_kib > 50000 and .container.memory_kib < 50000 and .container.memory_kib > 0 and
		.machine.first_output_s > 0 and .machine.first_output_s <= .machine.ended_s and
		.machine.kernel_threads > 0 and .container.kernel_threads == 0' "$BATS_TEST_TMPDIR/json")" true
	nothing_left root 'root/*' json
}
