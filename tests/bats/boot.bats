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

# Sets REPLY to the folder of the kernel that cbox found.
kernel_folder() {
	REPLY=$("$CBOX" boot --dry-run "$ROOT" true | sed -n 's/^# kernel: //p')
	[ -s "$REPLY/vmlinux" ] || fail "cbox boot --dry-run names no kernel"
}

# A root with what an initramfs has no place for: file capabilities, an ACL and a device.
rich_root() { # directory
	tiny_root "$1"
	cp "$HELPERS/attributes" "$1/bin/"
	cp "$1/bin/busybox" "$1/bin/busybox.raw"
	setcap cap_net_raw,cap_chown+ep "$1/bin/busybox.raw"
	echo shared >"$1/var/shared"
	mknod -m 666 "$1/var/null" c 1 3
	# user::rw- user:1234:rw- group::--- mask::rw- other::---
	python3 - "$1/var/shared" <<'PYTHON'
import os, struct, sys
rows = [(1, 6, -1), (2, 6, 1234), (4, 0, -1), (16, 6, -1), (32, 0, -1)]
acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *row) for row in rows)
os.setxattr(sys.argv[1], "system.posix_acl_access", acl)
os.setxattr(sys.argv[1], "user.note", b"kept")
PYTHON
}

# shellcheck disable=SC2016 # the guest's shell
seen='/bin/attributes /bin/busybox.raw /var/shared | sort; busybox.raw grep CapEff /proc/self/status; cat /var/shared
	echo more >>/var/shared && busybox.raw tail -n 1 /var/shared; echo gone >/var/null; busybox.raw wc -c </var/null
	busybox.raw stat -c "%F %t:%T %u:%g %a" /var/null; grep " / " /proc/mounts | cut -d" " -f1'

# What the user app sees of a rich root in a machine whose root is a disk.
was_seen() { # output
	is "$1" "/bin/busybox.raw security.capability=0100000201200000000000000000000000000000
/var/shared system.posix_acl_access=0200000001000600ffffffff02000600d204000004000000ffffffff10000600ffffffff20000000ffffffff
/var/shared user.note=6b657074
CapEff:	0000000000002001
shared
more
0
character special file 1:3 0:0 666
overlay"
}

@test "file capabilities, ACLs and devices are there in the machine, and nothing of the root changes" {
	local root=$BATS_TEST_TMPDIR/rich

	rich_root "$root"
	tree_of "$root" >"$BATS_TEST_TMPDIR/before"
	run "$CBOX" boot -u app "$root" sh -c "$seen"
	is "$status" 0
	was_seen "$output"
	tree_of "$root" >"$BATS_TEST_TMPDIR/after"
	same_text "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	rm -r "$root"
	nothing_left before after diff
}

@test "an EROFS boots as it is, on both machines, as its boot record says; and stays as it was" {
	local root=$BATS_TEST_TMPDIR/rich disk=$BATS_TEST_TMPDIR/root.erofs

	rich_root "$root"
	"$CBUILD" "$root" --user app --cmd "$(jq -cn --arg s "$seen" '["sh","-c",$s]')" -o "$disk" --quiet
	sha256sum "$disk" >"$BATS_TEST_TMPDIR/sum"
	run "$CBOX" boot "$disk"
	is "$status" 0
	was_seen "$output"
	run "$CBOX" boot --machine microvm "$disk" sh -c 'id -un; busybox.raw id -u; exit 6'
	is "$status" 6
	is "$output" $'app\n1234'
	sha256sum --status -c "$BATS_TEST_TMPDIR/sum"
	rm -r "$root"
	nothing_left root.erofs sum
}

# A small root that an initramfs would not hold all of.
noted_root() { # directory
	tiny_root "$1"
	setfattr -n user.note -v kept "$1/bin"
}

@test "a plan tells what the root lies on" {
	noted_root "$BATS_TEST_TMPDIR/noted"
	run "$CBOX" boot --dry-run "$BATS_TEST_TMPDIR/noted" true
	is "$status" 0
	has "$output" "# root: an EROFS of [0-9]* MiB as a disk, read-only, under an overlay in memory; modules: "
	has "$output" " virtio_pci virtio_blk * overlay"
	has "$output" "8 the initramfs, 9 the disk"
	has "$output" " -drive id=root,if=none,format=raw,readonly=on,file=/dev/fd/9 "
	"$CBUILD" "$ROOT" -o "$BATS_TEST_TMPDIR/root.cpio" --quiet
	# What is small and loses nothing is one too.
	for root in "$BATS_TEST_TMPDIR/root.cpio" "$ROOT"; do
		run "$CBOX" boot --dry-run "$root" true
		has "$output" "# root: an initramfs, "
		lacks "$output" -drive
		lacks "$output" becomes
	done
	rm -r "$BATS_TEST_TMPDIR/noted"
	nothing_left root.cpio
}

# shellcheck disable=SC2154 # stderr is bats's
@test "where the kernel's modules are not known the root is an initramfs, and a line says so" {
	local root=$BATS_TEST_TMPDIR/noted

	kernel_folder
	noted_root "$root"
	cp "$REPLY/vmlinux" "$BATS_TEST_TMPDIR/kernel"
	run --separate-stderr "$CBOX" boot --kernel "$BATS_TEST_TMPDIR/kernel" "$root" \
		sh -c 'grep " / " /proc/mounts | cut -d" " -f1'
	is "$status" 0
	is "$output" rootfs
	has "$stderr" "cbox: '$root' becomes an initramfs, which has no file capabilities and ACLs"
	has "$stderr" "this kernel's modules for a disk are not known"
	# With them beside it, it is a disk.
	mkdir "$BATS_TEST_TMPDIR/modules"
	cp "$REPLY"/modules/* "$BATS_TEST_TMPDIR/modules/"
	run "$CBOX" boot --dry-run --kernel "$BATS_TEST_TMPDIR/kernel" "$root" true
	has "$output" "# root: an EROFS "
	rm -r "$root"
	nothing_left kernel modules 'modules/*' 'separate-stderr-*'
}

# shellcheck disable=SC2154 # stderr is bats's
@test "a boot record that names modules in the root gets it as an initramfs" {
	local root=$BATS_TEST_TMPDIR/root

	kernel_folder
	noted_root "$root"
	mkdir -p "$root/etc/cinit"
	cp "$REPLY/modules/fuse.ko" "$root/"
	printf '%s\0\n' argv=sh argv=-c 'argv=grep -c ^fuse /proc/modules' env=PATH=/bin module=/fuse.ko end= |
		cat <(printf '#cinit-boot 1\n') - >"$root/etc/cinit/boot"
	run --separate-stderr "$CBOX" boot "$root"
	is "$status" 0
	is "$output" 1
	has "$stderr" "its boot record names modules in it"
	rm -r "$root"
	nothing_left 'separate-stderr-*'
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
