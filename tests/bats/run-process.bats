#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbox run as a process: status, streams, signals, terminals, and what is left when it is killed.
# shellcheck disable=SC2153,SC2154 # ROOT is of run.bash, stderr of bats
load common
load run

# Python's pty: what cbox prints when it stands in a terminal; what is typed comes from a script.
in_terminal() { # typed, arguments of cbox…
	python3 - "$@" <<'PYTHON'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 41, 123, 0, 0))
    before = termios.tcgetattr(0)
    child = os.fork()
    if child == 0:
        os.execv(os.environ["CBOX"], ["cbox"] + sys.argv[2:])
    status = os.waitpid(child, 0)[1]
    print("restored" if termios.tcgetattr(0) == before else "not restored")
    sys.stdout.flush()
    os._exit(os.waitstatus_to_exitcode(status) % 256)
typed, seen = sys.argv[1].encode().decode("unicode_escape").encode(), b""
while True:
    try:
        got = os.read(fd, 4096)
    except OSError:
        break
    if not got:
        break
    seen += got
    if typed and b"ready" in seen:
        os.write(fd, typed)
        typed = b""
sys.stdout.write(seen.decode().replace("\r", ""))
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PYTHON
}

@test "the status is the payload's, 126, 127, or 128 and the signal" {
	EXPECT=7 box "$ROOT" sh -c 'exit 7'
	EXPECT=127 box "$ROOT" no-such-program
	EXPECT=126 box "$ROOT" /etc/passwd
	EXPECT=137 box "$ROOT" sh -c 'kill -9 $$'
	EXPECT=143 box "$ROOT" sh -c 'kill -TERM $$'
	EXPECT=255 box "$ROOT" sh -c 'exit 255'
}

@test "wrong usage is status 2, a root that is not there 1" {
	EXPECT=2 box
	has "$output" "cbox: no root to run"
	EXPECT=2 box --no-such-option "$ROOT" true
	EXPECT=2 box --read-only --writable "$ROOT" true
	box --help
	has "$output" "usage: cbox run"
	EXPECT=1 box "$BATS_TEST_TMPDIR/none" true
	refused cbox
	EXPECT=1 box "$ROOT/etc/passwd" true
	refused cbox
	has "$output" "etc/passwd"
	EXPECT=1 box "$ROOT"
	is "$output" "cbox: the root says no command to run; give one behind it"
}

@test "standard streams are passed through, byte for byte" {
	head -c 3000000 /dev/urandom >"$BATS_TEST_TMPDIR/in"
	"$CBOX" run -i "$ROOT" cat <"$BATS_TEST_TMPDIR/in" >"$BATS_TEST_TMPDIR/out"
	cmp "$BATS_TEST_TMPDIR/in" "$BATS_TEST_TMPDIR/out"
	# shellcheck disable=SC2094 # both only read it
	"$CBOX" run -i "$ROOT" cat <"$BATS_TEST_TMPDIR/in" | cmp - "$BATS_TEST_TMPDIR/in"
	is "$("$CBOX" run "$ROOT" cat <"$BATS_TEST_TMPDIR/in" | wc -c)" 0
	run --separate-stderr "$CBOX" run "$ROOT" sh -c 'echo out; echo err >&2'
	# shellcheck disable=SC2154 # bats'
	is "$output:$stderr" "out:err"
	nothing_left in out 'separate-stderr*'
}

@test "closed standard streams harm nobody" {
	"$CBOX" run "$ROOT" true <&- >&- 2>&-
	EXPECT=3 run -3 sh -c '"$CBOX" run "$ROOT" sh -c "exit 3" >&-'
}

@test "inherited descriptors do not reach the payload" {
	exec 7<"$ROOT/etc/passwd" 9>"$BATS_TEST_TMPDIR/held"
	box "$ROOT" sh -c 'ls /proc/self/fd /proc/1/fd'
	exec 7<&- 9>&-
	lacks "$output" 7
	lacks "$output" 9
}

@test "signals reach the payload, early ones and all kinds" {
	local signal out pid

	for signal in HUP INT QUIT TERM USR1 USR2 WINCH; do
		out=$BATS_TEST_TMPDIR/out.$signal
		"$CBOX" run "$ROOT" sh -c "trap 'echo got $signal; exit 9' $signal; echo ready; while :; do sleep 0.05; done" >"$out" &
		pid=$!
		wait_for 10 printed "$out" ready
		kill -s "$signal" $pid
		ended 9 $pid
		is "$(cat "$out")" "ready
got $signal"
	done
	nothing_left 'out.*'
}

@test "a signal right after the start is not lost" {
	local pid

	for _ in $(seq 20); do
		"$CBOX" run "$ROOT" sleep 600 &
		pid=$!
		wait_for 10 grep -qs 'SigBlk:.*ffff' "/proc/$pid/status"
		kill -TERM $pid
		ended 143 $pid
	done
	nothing_left
}

@test "SIGKILL at any moment leaves nothing behind" {
	local pid

	for _ in $(seq 40); do
		"$CBOX" run "$ROOT" sh -c 'sleep 7777; true' "$BATS_TEST_TMPDIR" &
		pid=$!
		# A random fraction of what a start takes; the loop is the test, not a wait.
		python3 -c 'import random, time; time.sleep(random.random() * 0.012)'
		kill -9 $pid
		wait $pid 2>/dev/null || true
	done
	nothing_left
	run ! pgrep -f "$BATS_TEST_TMPDIR\$"
}

@test "without its janitor, cbox tidies up by itself" {
	local pid janitor

	"$CBOX" run "$ROOT" sh -c 'sleep 600; true' "$BATS_TEST_TMPDIR" &
	pid=$!
	wait_for 10 pgrep -x -P $pid cbox-janitor
	janitor=$(pgrep -x -P $pid cbox-janitor)
	kill -9 "$janitor"
	wait_for 10 pgrep -f "^sh -c sleep 600; true $BATS_TEST_TMPDIR\$"
	kill -TERM $pid
	wait $pid || true
	nothing_left
}

@test "a terminal of its own: size, name, job control, settings restored" {
	run -5 in_terminal "" run -it "$ROOT" sh -c 'tty; stty size; ls /dev/console; tty </dev/console; exit 5'
	is "$output" "/dev/pts/0
41 123
/dev/console
/dev/console
restored"
}

@test "what is typed reaches the payload, and Ctrl-C is its own" {
	run -130 in_terminal '\x03' run -it "$ROOT" sh -c 'echo ready; exec sleep 600'
	has "$output" ready
	has "$output" restored
	run -0 in_terminal 'echo $((6*7))\rexit\r' run -it "$ROOT" sh -c 'echo ready; exec sh -i'
	has "$output" "
42
"
	nothing_left
}

@test "SIGKILL gives the terminal its settings back" {
	run python3 - <<'PYTHON'
import os, pty, signal, subprocess, termios, time
master, slave = pty.openpty()
before = termios.tcgetattr(slave)
box = subprocess.Popen([os.environ["CBOX"], "run", "-it", os.environ["ROOT"], "sleep", "600"],
                       stdin=slave, stdout=slave, stderr=slave)
def wait(what):
    end = time.monotonic() + 10
    while not what() and time.monotonic() < end:
        time.sleep(0.01)
    return what()
assert wait(lambda: termios.tcgetattr(slave) != before), "never raw"
box.send_signal(signal.SIGKILL)
box.wait()
assert wait(lambda: termios.tcgetattr(slave) == before), "still raw"
PYTHON
	is "$output" ""
	nothing_left
}

@test "the caller's terminal takes no injected input" {
	run -0 in_terminal "" run -i "$ROOT" sh -c 'cat /proc/self/stat | cut -d" " -f7'
	is "${lines[0]}" 0
}
