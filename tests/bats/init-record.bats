#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cinit with a boot record: what it says is what runs.

load common

setup() {
	OUT=$BATS_TEST_TMPDIR/out
}

# Runs cinit with the arguments as process 1 of a fresh pid namespace.
namespace() {
	unshare --pid --fork --kill-child --mount-proc "$CINIT" "$@"
}

# Writes a boot record of the given fields (key=value) to the file.
record() { # file, field…
	local file=$1 field

	shift
	printf '#cinit-boot 1\n' >"$file"
	for field in "$@" end=; do printf '%s\0\n' "$field" >>"$file"; done
}

@test "a record by descriptor says everything" {
	require_root
	record "$OUT.record" argv=sh argv=-c 'argv=id; pwd; umask; ulimit -n; echo $A; grep -h -e NoNewPrivs -e CapBnd /proc/self/status; exit 6' \
		env=PATH="$PATH" env=A=b cwd=/var/tmp uid=1234 gid=4321 group=5 group=7 umask=27 \
		limit=nofile=77:88 cap.bounding=21 no_new_privs=1
	run namespace --boot-fd 9 9<"$OUT.record"
	is "$status" 6
	is "$output" "uid=1234 gid=4321 groups=4321,5(tty),7(lp)
/var/tmp
0027
77
b
CapBnd:	0000000000000021
NoNewPrivs:	1"
}

@test "a command replaces the arguments of a record that came by descriptor" {
	record "$OUT.record" argv=false env=PATH="$PATH" env=A=b
	run namespace --boot-fd=9 sh -c 'echo $A' 9<"$OUT.record"
	is "$output" b
}

@test "capability sets are set, and ambient ones survive a change of user" {
	require_root
	record "$OUT.record" argv=grep argv=^Cap argv=/proc/self/status env=PATH="$PATH" uid=1234 gid=1234 \
		cap.bounding=c0 cap.permitted=c0 cap.effective=c0 cap.inheritable=40 cap.ambient=40
	run namespace --boot-fd=9 9<"$OUT.record"
	is "$output" "CapInh:	0000000000000040
CapPrm:	0000000000000040
CapEff:	0000000000000040
CapBnd:	00000000000000c0
CapAmb:	0000000000000040"
}

@test "a missing working directory is made" {
	record "$OUT.record" argv=pwd env=PATH="$PATH" cwd="$BATS_TEST_TMPDIR/a/b"
	run namespace --boot-fd=9 9<"$OUT.record"
	is "$output" "$BATS_TEST_TMPDIR/a/b"
}

@test "finish=exec hands process 1 over" {
	record "$OUT.record" argv=sh argv=-c 'argv=echo $$' env=PATH="$PATH" finish=exec
	run namespace --boot-fd=9 9<"$OUT.record"
	is "$output" 1
}

@test "a record that is not understood starts nothing" {
	record "$OUT.record" argv=echo argv=ran shell=yes
	run namespace --boot-fd=9 9<"$OUT.record"
	is "$status" 125
	is "$output" "cinit: boot record from the descriptor: byte 35: shell: unknown key"
	run "$CINIT" --boot-fd=99
	is "$status" 125
}
