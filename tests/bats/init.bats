#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cinit as process 1 of a pid namespace, and as a subreaper: what tini, dumb-init or catatonit were
# seen to get wrong, and what they get right.

load common

setup() {
	SIGNALS=$HELPERS/signals
	OUT=$BATS_TEST_TMPDIR/out
	MAIN=
}

teardown() {
	[ -z "$MAIN" ] || kill -KILL "$MAIN" 2>/dev/null || true
}

# shellcheck disable=SC2153 # INIT is another thing than CINIT
# Runs cinit with the arguments as process 1 of a fresh pid namespace.
namespace() {
	unshare --pid --fork --kill-child --mount-proc "$CINIT" "$@"
}

# Starts it in the background; sets MAIN (unshare) and INIT (cinit's pid out here).
start() {
	unshare --pid --fork --kill-child --mount-proc "$CINIT" "$@" >"$OUT" 2>&1 3>&- &
	MAIN=$!
	wait_for 10 printed "$OUT" ready
	INIT=$(pgrep -P "$MAIN")
}

finish() {
	status=0
	wait "$MAIN" || status=$?
	MAIN=
}

@test "exit statuses are the payload's own" {
	local n

	for n in 0 1 3 77 125 255; do
		run "$CINIT" sh -c "exit $n"
		is "$status" "$n"
	done
	run "$CINIT" sh -c 'kill -KILL $$'
	is "$status" 137
	run -127 "$CINIT" "$BATS_TEST_TMPDIR/none"
	run "$CINIT" /etc/passwd
	is "$status" 126
	run "$CINIT" "$BATS_TEST_TMPDIR"
	is "$status" 126
}

@test "options end at the first word that is none, with and without --" {
	run "$CINIT" sh -c 'exit 3'
	is "$status" 3
	run "$CINIT" -- sh -c 'exit 4'
	is "$status" 4
	run "$CINIT" -gvt 1 -e 5 -- sh -c 'exit 5'
	is "$status" 0
	run "$CINIT" echo -g --version
	is "$output" "-g --version"
	run "$CINIT" --remap-exit=5 -e6 sh -c 'exit 6'
	is "$status" 0
}

@test "wrong usage is told in one line and is status 2" {
	local words

	for words in -x --nonsense -e -e256 "-r 1" "-r 99:1" "-r TERM:KILLS" "-t x" "-d TERM" --boot-fd=x \
		--help=1; do
		# shellcheck disable=SC2086 # words
		run "$CINIT" $words
		is "$status" 2
		is "${#lines[@]}" 1
		has "$output" "cinit: "
	done
}

@test "a script without #! is run by the shell, with its arguments" {
	# shellcheck disable=SC2016 # the script's own
	echo 'echo "$0 $# $2"; exit 5' >"$BATS_TEST_TMPDIR/script"
	chmod +x "$BATS_TEST_TMPDIR/script"
	run "$CINIT" "$BATS_TEST_TMPDIR/script" a "b c"
	is "$status" 5
	is "$output" "$BATS_TEST_TMPDIR/script 2 b c"
	PATH=$BATS_TEST_TMPDIR:$PATH run "$CINIT" script 1 2
	is "$output" "$BATS_TEST_TMPDIR/script 2 2"
}

@test "process 1 of a namespace without /proc mounts it" {
	require_root
	tiny_root "$BATS_TEST_TMPDIR/root"
	cp "$CINIT" "$BATS_TEST_TMPDIR/root/sbin/cinit"
	run unshare --mount --pid --fork chroot "$BATS_TEST_TMPDIR/root" /sbin/cinit cat /proc/1/comm
	is "$output" cinit
}

@test "a signal that means a fault is passed on when somebody sends it" {
	start "$SIGNALS" catch 1
	kill -SEGV "$INIT"
	finish
	is "$status" 0
	has "$(cat "$OUT")" "11 0"
}

@test "every signal from 1 to 64 reaches the payload" {
	local n want=

	start "$SIGNALS" catch 61
	for ((n = 1; n <= 64; n++)); do
		case $n in 9 | 17 | 19) continue ;; esac
		kill -"$n" "$INIT"
		wait_for 10 printed "$OUT" "
$n 0"
		want="$want
$n 0"
	done
	finish
	is "$status" 0
	is "$(tail -n +2 "$OUT")" "${want#?}"
}

@test "real-time signals queue one by one and keep what they carry" {
	local n want=

	start "$SIGNALS" catch 500
	"$SIGNALS" queue "$INIT" 40 1 500
	finish
	for ((n = 1; n <= 500; n++)); do want="$want
40 $n"; done
	is "$(tail -n +2 "$OUT")" "${want#?}"
}

@test "signals are renamed and dropped, real-time ones too" {
	start -r TERM:USR1 -r RTMIN+3:RTMAX -r HUP:0 -r 64:INT "$SIGNALS" catch 3
	kill -HUP "$INIT"
	kill -TERM "$INIT"
	wait_for 10 printed "$OUT" "10 0"
	kill -37 "$INIT"
	wait_for 10 printed "$OUT" "64 0"
	kill -64 "$INIT"
	finish
	is "$(tail -n +2 "$OUT")" "10 0
64 0
2 0"
}

@test "a held signal arrives later, and others overtake it" {
	start -d TERM:0.4 "$SIGNALS" catch 2
	kill -TERM "$INIT"
	kill -TERM "$INIT"
	kill -USR1 "$INIT"
	finish
	is "$(tail -n +2 "$OUT")" "10 0
15 0"
}

@test "a signal between the start of cinit and that of its payload is not lost" {
	local n lost=0

	for ((n = 0; n < 60; n++)); do
		"$SIGNALS" early "$CINIT" -g "$SIGNALS" default >/dev/null &
		MAIN=$!
		wait_for 10 gone "$MAIN"
		status=0
		wait "$MAIN" || status=$?
		MAIN=
		[ "$status" -eq 143 ] || lost=$((lost + 1))
	done
	is "$lost" 0
}

@test "the payload has the mask and the dispositions that cinit was given" {
	run "$SIGNALS" with block 10 34 -- "$CINIT" "$SIGNALS" state
	has "$output" "SigBlk:	0000000200000200"
	# What else is ignored here is whoever's started the tests.
	run "$SIGNALS" with ignore 1 17 22 -- "$SIGNALS" state
	local bare=${lines[1]}
	run "$SIGNALS" with ignore 1 17 22 -- "$CINIT" "$SIGNALS" state
	is "${lines[1]}" "$bare"
	[[ $bare == SigIgn:*21???1 ]] || fail "$bare"
	run "$CINIT" "$SIGNALS" state
	has "$output" "SigBlk:	0000000000000000"
	has "$output" "leader 1"
}

@test "SIGCHLD ignored by whoever starts cinit does not hide the end of the payload" {
	run timeout 10 "$SIGNALS" with ignore 17 -- "$CINIT" sh -c 'exit 6'
	is "$status" 6
}

@test "standard input may be closed, a file, or a terminal" {
	run "$CINIT" sh -c 'exit 2' <&-
	is "$status" 2
	run script -qec "$CINIT $SIGNALS state" /dev/null
	has "$output" "foreground 1"
}

@test "a terminal that is another job's stays its own" {
	# A background job of an interactive shell may not take the terminal from the shell.
	run script -qec "bash -ic 'set +m; set -m; $CINIT $SIGNALS state & wait'" /dev/null
	has "$output" "foreground 0"
}

@test "Ctrl-C and Ctrl-Z reach the payload once" {
	run python3 - "$CINIT" "$SIGNALS" <<-'EOF'
		import os, pty, sys, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], [sys.argv[1], sys.argv[2], "catch", "2"])
		def until(text, seen=b""):
		    while text not in seen:
		        seen += os.read(fd, 100)
		    return seen
		seen = until(b"ready")
		os.write(fd, b"\x03")
		seen = until(b"2 0\r\n", seen)
		os.write(fd, b"\x1a")
		try:
		    while True:
		        seen += os.read(fd, 100)
		except OSError:
		    pass
		print(seen.decode().replace("\r", ""))
	EOF
	has "$output" "2 0
^Z20 0"
}

@test "descriptors reach the payload, and cinit keeps none above 2" {
	exec 7</dev/null
	start "$SIGNALS" catch 1
	is "$(find "/proc/$INIT/fd" -type l -printf '%f\n' | sort -n | tail -1)" 2
	is "$(readlink "/proc/$INIT/cwd")" /
	kill -TERM "$INIT"
	finish
	run "$CINIT" "$SIGNALS" state
	has "$output" "fd 7"
	exec 7<&-
}

@test "LISTEN_PID that names cinit names the payload" {
	# shellcheck disable=SC2016 # the payload's own
	run sh -c 'export LISTEN_PID=$$; exec "$0" sh -c '\''[ "$LISTEN_PID" = $$ ] && echo mine'\' "$CINIT"
	is "$output" mine
}

@test "that the payload may not be signalled is no reason to die" {
	require_root
	# The payload becomes somebody else, and cinit has no CAP_KILL: kill(2) is EPERM.
	setpriv --bounding-set -kill unshare --pid --fork --kill-child --mount-proc \
		"$CINIT" setpriv --reuid 1234 --clear-groups "$SIGNALS" catch 2 >"$OUT" 2>&1 3>&- &
	MAIN=$!
	wait_for 10 printed "$OUT" ready
	INIT=$(pgrep -P "$MAIN")
	kill -TERM "$INIT"
	wait_for 10 printed "$OUT" "forwarding SIGTERM"
	kill -USR1 "$(pgrep -P "$INIT")"
	kill -USR2 "$(pgrep -P "$INIT")"
	finish
	is "$status" 0
}

@test "its own log into a closed pipe hurts nobody" {
	run bash -c "{ $CINIT -vvv sh -c 'sleep 0.1 & exit 3'; echo \$? >&3; } 2>&1 >/dev/null | true" 3>"$OUT"
	is "$(cat "$OUT")" 3
}

@test "10,000 orphans at once and one after another are all reaped" {
	run namespace sh -c "$SIGNALS orphans 10000 together; $SIGNALS orphans 10000 stream
		n=1; while [ \$n -gt 0 ]; do n=\$(grep -l '^State:.Z' /proc/[0-9]*/status | wc -l); done; exit 9"
	is "$status" 9
}

@test "what is left behind is told to end, and killed after the grace" {
	run namespace -t 5 sh -c 'sh -c "trap \"echo told; exit\" TERM; echo up; while :; do sleep 0.1; done" & read -t 1 x <&-; sleep 0.3; exit 7'
	is "$status" 7
	has "$output" told
	run timeout 20 unshare --pid --fork --kill-child --mount-proc "$CINIT" -t 0.2 "$SIGNALS" daemon
	is "$status" 7
}

@test "cinit leaves the moment nothing is left, long before the grace is over" {
	run timeout 20 unshare --pid --fork --kill-child --mount-proc "$CINIT" -t 600 sh -c 'sleep 500 & exit 4'
	is "$status" 4
}

@test "with -k what is left behind is not waited for" {
	run timeout 20 unshare --pid --fork --kill-child --mount-proc "$CINIT" -k -t 600 "$SIGNALS" daemon
	is "$status" 7
}

@test "as a subreaper it reaps, and ends its own descendants only" {
	sleep 1000 3>&- &
	MAIN=$!
	run timeout 20 "$CINIT" -s -t 0.2 "$SIGNALS" daemon
	is "$status" 7
	kill -0 "$MAIN"
	run pgrep -f "$SIGNALS daemon"
	is "$output" ""
	run "$CINIT" -vvv "$SIGNALS" orphans 3 stream 5
	is "$status" 5
	has "$output" "reaped orphan"
}

@test "the verbose log names the signal that killed the payload" {
	run "$CINIT" -v sh -c 'kill -SEGV $$'
	is "$status" 139
	has "$output" SIGSEGV
	run "$CINIT" -v sh -c 'kill -37 $$'
	is "$status" 165
	has "$output" SIGRTMIN+3
}

@test "the parent's death is a signal when asked for" {
	# shellcheck disable=SC2016 # the inner shell's
	bash -c '"$0" -p USR1 "$1" catch 1 >"$2" & until grep -q ready "$2"; do :; done; kill -KILL $$' \
		"$CINIT" "$SIGNALS" "$OUT" 3>&- || true
	wait_for 10 printed "$OUT" "10 0"
}

@test "environment variables stand for options" {
	CINIT_VERBOSITY=2 run "$CINIT" sh -c 'exit 3'
	has "$output" "status 3"
	CINIT_VERBOSITY=0 run -127 "$CINIT" "$BATS_TEST_TMPDIR/none"
	has "$output" "cannot run"
}

@test "a minute of random signals, forks and orphans loses nothing, with sanitizers and without" {
	local seed=$RANDOM program

	for program in "$CINIT" "$CINIT_TWIN"; do
		unshare --pid --fork --kill-child --mount-proc "$program" "$SIGNALS" soak 30 $seed \
			>>"$OUT" 2>&1 3>&- &
		MAIN=$!
		unshare --pid --fork --kill-child --mount-proc "$program" "$SIGNALS" soak 30 $((seed + 1)) \
			>>"$OUT" 2>&1 3>&- &
		wait $! || fail "$(cat "$OUT")"
		finish
		is "$status" 0 || fail "$(cat "$OUT")"
	done
}
