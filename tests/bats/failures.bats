#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What happens to cbuild from outside: signals that end it and signals that do not, and system calls
# that fail. tests/sh/full.sh and eio.sh have the disks.
load common

setup() {
	TMP=$BATS_TEST_TMPDIR
	cd "$TMP" || exit 1
}

# A run that has made its temporary folder and waits for the rest of the image.
start_and_wait() {
	mkfifo pipe
	"$CBUILD" -q --no-init - -o out <pipe 2>log &
	PID=$!
	exec 9>pipe
	wait_for 10 sh -c 'ls -d .out.cbuild-* 2>/dev/null'
}

@test "SIGTERM in the middle leaves nothing" {
	start_and_wait
	kill -TERM $PID
	status=0
	wait $PID || status=$?
	exec 9>&-
	is $status 143
	# Killed before it had its worker, it has its keeper.
	rm log pipe
	wait_for 10 no_trace ls -A
}

@test "SIGKILL in the middle leaves no output, and the next run cleans up" {
	mkdir root
	tar -C root -cf root.tar .
	start_and_wait
	worker=$(pgrep -P $PID)
	kill -KILL $PID
	wait $PID || true
	[ ! -e out ]
	wait_for 10 gone "$worker"
	exec 9>&-
	"$CBUILD" -q --no-init --owner "$(id -u):$(id -g)" root.tar -o out
	is "$(ls -A)" "$(printf '%s\n' log out pipe root root.tar)"
}

@test "killed in the middle of writing, each format is one line and leaves nothing" {
	require_root
	need strace
	mkdir -p work root
	for i in 1 2 3 4 5 6 7 8; do head -c 700000 /dev/urandom >root/"$i"; done
	tar -C root -cf root.tar .
	for format in $FORMATS; do
		# Each process that writes dies of its third piece of any size. The leak checker is a
		# tracer too, and there can be one only.
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run strace -f -qq -o /dev/null -e trace=write,pwrite64,copy_file_range,sendfile \
			-e inject=write,pwrite64,copy_file_range,sendfile:signal=KILL:when=3 \
			"$CBUILD" -q --no-init root.tar -f "$format" -o work/out
		refused cbuild || fail "as $format"
		has "$output" "signal 9"
		wait_for 10 no_trace ls -A work
	done
}

@test "killed at its first calls, cbuild leaves no name behind" {
	require_root
	need strace
	mkdir -p work root
	echo some >root/file
	# Its first process alone: what it has made must be known to another before it is there.
	for call in mkdirat fchmod flock clone getrandom; do
		ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 run strace -qq -o /dev/null \
			-e inject=$call:signal=KILL:when=1 "$CBUILD" -q --no-init root -f dir -o work/out
		is "$status" 137
		wait_for 10 no_trace ls -A work || fail "$call left $(ls -A work)"
	done
}

# A packed layer of some megabytes, in many and in large files; needs root.
make_image() {
	local i

	mkdir -p root/d
	for i in {1..60}; do head -c 20000 /dev/urandom >root/d/"$i"; done
	for i in 1 2 3; do head -c 900000 /dev/urandom >root/"$i"; done
	tar -C root -c . | gzip -1 >image.tar.gz
}

same_output() { # a, b
	if [ -e "$1/config.json" ] || [ -e "$1/oci-layout" ]; then
		diff -r "$1" "$2"
	elif [ -d "$1" ]; then
		diff <(tree_of "$1") <(tree_of "$2")
	else
		cmp "$1" "$2"
	fi
}

@test "signals that are not for it, and being stopped, change no output" {
	require_root
	make_image
	for format in $FORMATS; do
		rm -rf calm storm
		"$CBUILD" -q --no-init image.tar.gz -f "$format" -o calm
		setsid "$CBUILD" -q --no-init image.tar.gz -f "$format" -o storm 2>log 3>&- &
		pid=$!
		# A stop interrupts what waits, as a handler would.
		while kill -STOP -- -$pid 2>/dev/null; do
			kill -CONT -- -$pid || true
			kill -WINCH -- -$pid 2>/dev/null || true
			kill -CHLD -- -$pid 2>/dev/null || true
			kill -URG -- -$pid 2>/dev/null || true
		done
		wait $pid || fail "$format: $(cat log)"
		same_output calm storm || fail "$format differs"
	done
}

# Runs cbuild with system calls failing as the arguments say, in each of its processes and threads.
injected() { # format, input, calls:what…
	local format=$1 input=$2 inject=()

	shift 2
	for what; do inject+=(-e inject="$what"); done
	status=0
	output=$(ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 timeout -s KILL 30 strace -f -qq -o /dev/null "${inject[@]}" \
		"$CBUILD" -q --no-init "$input" -f "$format" -o work/out <image.tar.gz 2>&1) || status=$?
	mapfile -t lines <<<"$output"
}

@test "an interrupted system call is made again" {
	require_root
	need strace
	make_image
	mkdir work
	for format in $FORMATS; do
		# A library that writes a disk knows that regular files do not do this.
		case $format in ext4) continue ;; esac
		rm -rf calm work/out
		"$CBUILD" -q --no-init image.tar.gz -f "$format" -o calm
		# The first that read are the loader, and it gives up.
		injected "$format" - write,pwrite64,copy_file_range,sendfile,wait4,rt_sigtimedwait:error=EINTR:when=1+2 \
			read,pread64:error=EINTR:when=26+2
		[ "$status" -eq 0 ] || fail "$format: $output"
		same_output calm work/out || fail "$format differs"
	done
}

@test "whatever call fails, there is one line and nothing left, or the whole output" {
	require_root
	need strace
	make_image
	mkdir work
	for format in dir ext4; do
		rm -rf calm
		"$CBUILD" -q --no-init image.tar.gz -f "$format" -o calm
		for call in openat read write pread64 pwrite64 copy_file_range lseek ftruncate fallocate fsync syncfs \
			linkat renameat2 mkdirat fchmod fchown fchownat utimensat fstat newfstatat pipe2 clone clone3 \
			fcntl flock unlinkat; do
			for when in 1 4; do
				injected "$format" image.tar.gz $call:error=EIO:when=$when
				case "$status $call $output" in
				"0 "*) same_output calm work/out || fail "$format: $call $when: differs" ;;
				# It was not even loaded, or could not say it.
				"127 "* | "1 write ") ;;
				*) refused cbuild || fail "$format: $call $when" ;;
				esac
				rm -rf work/out
				wait_for 10 no_trace ls -A work || fail "$format: $call $when: left $(ls -A work)"
			done
		done
	done
}
