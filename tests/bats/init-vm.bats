#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cinit as process 1 of a machine, with records and QEMU command lines of the test's own: what
# `cbox boot` does not ask for yet, too.

load common

setup_file() {
	local kernel module root=$BATS_FILE_TMPDIR/root

	need qemu-system-x86_64 cpio
	tiny_root "$root"
	cp "$CINIT" "$root/sbin/cinit"
	mkdir "$root/modules"
	# The kernel and its modules are those that cbox has fetched.
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$BATS_FILE_TMPDIR/first.cpio"
	"$CBOX" boot "$BATS_FILE_TMPDIR/first.cpio" true >"$BATS_FILE_TMPDIR/first" 2>&1 </dev/null ||
		fail "$(cat "$BATS_FILE_TMPDIR/first")"
	kernel=$("$CBOX" boot --dry-run "$BATS_FILE_TMPDIR/first.cpio" true | sed -n 's/^# kernel: //p')
	ln -s "$kernel/vmlinux" "$BATS_FILE_TMPDIR/kernel"
	while read -r module _; do
		cp "$kernel/modules/$module.ko" "$root/modules/"
		echo "module=/modules/$module.ko"
	done <"$kernel/modules/order" >"$BATS_FILE_TMPDIR/modules"
	(cd "$root" && find . | cpio -o -H newc --quiet) >"$BATS_FILE_TMPDIR/root.cpio"
}

setup() {
	T=$BATS_TEST_TMPDIR
	MAIN=
	CONSOLE=(-serial "file:$T/out")
}

teardown() {
	# timeout(1) hands this on to QEMU; killed itself, it would leave QEMU behind.
	[ -z "$MAIN" ] || kill -TERM "$MAIN" 2>/dev/null || true
}

# Writes the boot record of the given fields.
record() { # field…
	local field

	printf '#cinit-boot 1\n' >"$T/record"
	for field in env=PATH=/bin control=/dev/ttyS1 "$@" end=; do printf '%s\0\n' "$field" >>"$T/record"; done
}

# Lines of the file "modules" whose name is one of the words, in its order.
modules() { # name…
	local name

	for name; do grep -x "module=/modules/$name.ko" "$BATS_FILE_TMPDIR/modules" || true; done
}

# Starts a machine: console in `out`, what it says on the control channel in `said`.
machine() { # QEMU's words…
	timeout -s KILL 100 qemu-system-x86_64 -M q35 -accel tcg -m 384 -no-reboot -nodefaults -display none \
		"${CONSOLE[@]}" -chardev "socket,id=c,path=$T/control,server=on,wait=off,logfile=$T/said" \
		-device isa-serial,chardev=c,index=1 -fw_cfg "name=opt/cinit/boot,file=$T/record" \
		-kernel "$BATS_FILE_TMPDIR/kernel" -initrd "$BATS_FILE_TMPDIR/root.cpio" \
		-append "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t rdinit=/sbin/cinit cryptomgr.notests \
tsc=reliable no_timer_check" \
		-qmp "unix:$T/qmp,server=on,wait=off" "$@" </dev/null >"$T/qemu" 2>&1 3>&- &
	MAIN=$!
}

ended() {
	wait_for 90 gone "$MAIN" || fail "$(cat "$T/out")"
	wait "$MAIN" || fail "QEMU: $(cat "$T/qemu")"
	MAIN=
	OUT=$(tr -d '\r' <"$T/out" | grep -v '] reboot: ' || true)
}

# Says a line on the control channel, and stays until the console shows what it is for: QEMU forgets
# what it has not handed to the machine when whoever said it leaves.
say() { # text on the console, line…
	python3 - "$T" "$@" <<-'EOF'
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1] + "/control")
		s.sendall("".join(line + "\n" for line in sys.argv[3:]).encode())
		end = time.monotonic() + 60
		while sys.argv[2] not in open(sys.argv[1] + "/out").read():
		    if time.monotonic() > end:
		        sys.exit("not on the console: " + sys.argv[2])
		    time.sleep(0.02)
	EOF
}

# Tells QEMU itself.
qmp() { # command…
	python3 - "$T" '{"execute":"qmp_capabilities"}' "$@" <<-'EOF'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1] + "/qmp")
		s.recv(4096)
		for line in sys.argv[2:]:
		    s.sendall(line.encode() + b"\n")
		    s.recv(4096)
	EOF
}

@test "a machine is brought up: file systems, names, clock, loopback; and its status comes back" {
	# shellcheck disable=SC2016 # the payload's
	record argv=sh argv=-c 'argv=cat /proc/1/comm; hostname; cat /etc/hosts | grep 127.0.1.1; cat /etc/resolv.conf
		date -u +%Y; ip addr show lo | grep -c LOOPBACK,UP; id; umask; pwd
		for d in /proc /sys /dev /dev/pts /dev/shm /dev/mqueue /sys/fs/cgroup /data; do
			grep -q " $d " /proc/mounts || echo "no $d"; done
		[ -c /dev/null ] && ls /dev/fd/ >/dev/null && echo x >/data/y && echo done; exit 7' \
		hostname=testbox nameserver=10.0.2.3 clock=4102444800000000000 uid=0 gid=0 umask=27 cwd=/root \
		seed=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f mount=/data mount.type=tmpfs \
		mount.options=size=1m
	machine
	ended
	is "$OUT" "cinit
testbox
127.0.1.1	testbox
nameserver 10.0.2.3
2100
1
uid=0(root) gid=0(root)
0027
/root
done"
	is "$(tr -d '\r' <"$T/said")" "started
exit 7"
}

@test "the payload in a machine has ids, capabilities and limits from the record" {
	record argv=sh argv=-c 'argv=id; ulimit -n; grep -h -e CapBnd -e NoNew /proc/self/status; kill -9 $$' \
		uid=1234 gid=1234 group=4321 limit=nofile=70:80 cap.bounding=21 no_new_privs=1 finish=reboot
	machine
	ended
	is "$OUT" "uid=1234(app) gid=1234(app) groups=4321(extra)
70
CapBnd:	0000000000000021
NoNewPrivs:	1"
	has "$(cat "$T/said")" "signal 9"
}

@test "the host's signals, its stop and Ctrl-Alt-Del reach the payload; the rest is ended" {
	record argv=sh argv=-c 'argv=trap "echo usr1" USR1; trap "echo hup" HUP; trap "echo term; exit 5" TERM
		sh -c "trap \"\" TERM; while :; do sleep 1; done" & echo up; while :; do sleep 0.1; done' \
		stop_signal=1 grace=300
	machine
	wait_for 60 printed "$T/out" up
	say usr1 "signal 10"
	qmp '{"execute":"send-key","arguments":{"keys":[
		{"type":"qcode","data":"ctrl"},{"type":"qcode","data":"alt"},{"type":"qcode","data":"delete"}]}}'
	wait_for 30 printed "$T/out" hup
	say term rubbish "signal 15"
	ended
	has "$OUT" term
	has "$(cat "$T/said")" "exit 5"
}

@test "Ctrl-C on the kernel's console reaches the payload" {
	record argv=sh argv=-c 'argv=trap "echo int; exit 4" INT; echo up; while :; do sleep 0.1; done'
	local port="socket,id=k,path=$T/console,server=on,wait=off,logfile=$T/out"

	CONSOLE=(-chardev "$port" -device "isa-serial,chardev=k,index=0")
	machine
	wait_for 60 printed "$T/out" up
	python3 - "$T" <<-'EOF'
		import socket, sys, time
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1] + "/console")
		s.sendall(b"\x03")
		while s.recv(100):
		    pass
	EOF
	ended
	has "$OUT" int
	has "$(cat "$T/said")" "exit 4"
}

@test "the power button stops the payload" {
	grep -q evdev "$BATS_FILE_TMPDIR/modules" || fail "no evdev.ko beside the kernel"
	# shellcheck disable=SC2046 # a list of modules
	record argv=sh argv=-c 'argv=trap "echo told; exit 3" TERM; echo up; while :; do sleep 0.1; done' \
		$(modules button evdev)
	machine
	wait_for 60 printed "$T/out" up
	qmp '{"execute":"system_powerdown"}'
	ended
	has "$OUT" told
	has "$(cat "$T/said")" "exit 3"
}

disk() { # makes the ext4 image `disk` of the tiny root
	mkdir -p "$T/tree"
	tiny_root "$T/tree"
	echo from-disk >"$T/tree/etc/where"
	"$CBUILD" "$T/tree" --no-init -f ext4 --size 32m -o "$T/disk" --quiet
}

disk_modules='virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci virtio_blk overlay'

@test "the root can be a disk under an overlay, which stays as it was; a network card is set up" {
	require_root
	disk
	cp "$T/disk" "$T/before"
	# shellcheck disable=SC2046,SC2086 # lists of modules
	record argv=sh argv=-c 'argv=cat /etc/where; echo x >/etc/new && echo written; grep " / " /proc/mounts | cut -d" " -f3
		ip addr show eth0 | grep -o "inet [^ ]*"; ip route | head -1 | cut -d" " -f1-3; ls / | grep -c cinit' \
		$(modules $disk_modules failover net_failover virtio_net) root=/dev/vda root.type=ext4 \
		net.interface=eth0 net.address=10.0.2.15/24 net.gateway=10.0.2.2
	machine -drive "file=$T/disk,format=raw,if=virtio" -netdev user,id=n,restrict=on \
		-device virtio-net-pci,netdev=n,romfile=
	ended
	is "$OUT" "from-disk
written
overlay
inet 10.0.2.15/24
default via 10.0.2.2
0"
	cmp "$T/disk" "$T/before"
}

@test "the root can be an EROFS or a squashfs, and has what was written" {
	require_root
	local format files
	mkdir -p "$T/tree/etc/many"
	tiny_root "$T/tree"
	# A tail behind its inode, whole blocks, both, a hole, names in more than a block.
	head -c 100 /dev/urandom >"$T/tree/etc/tail"
	head -c 8192 /dev/urandom >"$T/tree/etc/blocks"
	head -c 300000 /dev/urandom >"$T/tree/etc/both"
	printf end | dd of="$T/tree/etc/hole" bs=1 seek=1000000 status=none
	(cd "$T/tree/etc/many" && seq -f "a-name-of-some-length-%g" 500 | xargs touch)
	files=$(cd "$T/tree/etc" && sha256sum tail blocks both hole && echo 500)
	# shellcheck disable=SC2046 # a list of modules
	for format in erofs squashfs; do
		"$CBUILD" "$T/tree" --no-init -f $format -o "$T/disk" --quiet --force
		record argv=sh argv=-c 'argv=cd /etc; busybox sha256sum tail blocks both hole; ls many | wc -l
			busybox tail -c 3 hole; echo; busybox stat -c %a /tmp
			for i in 1 250 500; do [ -e many/a-name-of-some-length-$i ] || echo $i; done' \
			$(cat "$BATS_FILE_TMPDIR/modules") root=/dev/vda root.type=$format
		machine -drive "file=$T/disk,format=raw,if=virtio,readonly=on"
		ended
		is "$OUT" "$files
end
1777"
	done
}

@test "a disk that is written to is clean and complete afterwards" {
	require_root
	disk
	# shellcheck disable=SC2046,SC2086 # lists of modules
	record argv=sh argv=-c 'argv=echo kept >/etc/new; sleep 1000 & exit 0' \
		$(modules $disk_modules) root=/dev/vda root.type=ext4 root.mode=rw
	machine -drive "file=$T/disk,format=raw,if=virtio"
	ended
	is "$(debugfs -R 'cat /etc/new' "$T/disk" 2>/dev/null)" kept
	run e2fsck -fn "$T/disk"
	is "$status" 0
	lacks "$output" "recovering journal"
}

@test "a read-only root has a /run and a /tmp that can be written" {
	require_root
	disk
	# shellcheck disable=SC2046,SC2086 # lists of modules
	record argv=sh argv=-c 'argv=echo x 2>/dev/null >/etc/new || echo refused; echo a >/run/a && echo b >/tmp/b && cat /run/a /tmp/b
		kill -SEGV $$' $(modules $disk_modules) root=/dev/vda root.type=ext4 root.mode=ro
	machine -drive "file=$T/disk,format=raw,if=virtio,readonly=on"
	ended
	is "$OUT" "refused
a
b"
	has "$(cat "$T/said")" "signal 11"
}

@test "a root that cannot be mounted is told, and is status 125" {
	record argv=true root=/dev/vdz root.type=ext4 root.mode=ro
	machine
	ended
	has "$OUT" "cannot mount the root '/dev/vdz'"
	has "$(cat "$T/said")" "exit 125"
}

@test "process 1 can be handed over to another init" {
	# shellcheck disable=SC2016 # the payload's
	record argv=sh argv=-c 'argv=echo "I am $$"; echo o >/proc/sysrq-trigger; reboot -f' finish=exec
	machine
	ended
	has "$OUT" "I am 1"
}

@test "orphans are reaped in a machine too" {
	cp "$HELPERS/signals" "$T/signals"
	(cd "$T" && echo signals | cpio -o -H newc --quiet) >"$T/more.cpio"
	cat "$BATS_FILE_TMPDIR/root.cpio" "$T/more.cpio" >"$T/both.cpio"
	# shellcheck disable=SC2016 # the payload's
	record argv=sh argv=-c 'argv=/signals orphans 500 together; /signals orphans 500 stream; n=1
		while [ $n -gt 0 ]; do n=$(grep -ls "^State:.Z" /proc/[0-9]*/status | wc -l); done; exit 9'
	machine -initrd "$T/both.cpio"
	ended
	has "$(cat "$T/said")" "exit 9"
}
