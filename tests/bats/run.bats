#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# cbox run: a root directory as a container, what it is shut off from, what it is given.
# shellcheck disable=SC2153,SC2154 # ROOT is of run.bash, stderr of bats
load common
load run

@test "process 1 is cinit and the payload its child" {
	box "$ROOT" sh -c 'tr "\0" " " </proc/1/cmdline; echo; echo $PPID; ls -d /proc/[0-9]* | wc -l'
	has "${lines[0]}" "/sbin/cinit --boot-fd"
	is "${lines[1]}" 1
}

@test "every namespace but the user's is another one" {
	local ns

	box "$ROOT" sh -c 'for n in mnt pid uts ipc net cgroup; do readlink /proc/self/ns/$n; done'
	for ns in mnt pid uts ipc net cgroup; do
		lacks "$output" "$(readlink /proc/self/ns/$ns)"
	done
	is "${#lines[@]}" 6
}

@test "nothing of the host's file systems is mounted" {
	box "$ROOT" cat /proc/self/mountinfo
	lacks "$output" /dev/vda
	lacks "$output" "$BATS_FILE_TMPDIR "
	box "$ROOT" sh -c 'awk "{print \$5}" /proc/self/mountinfo | sort | head -3 | tr "\n" " "'
	is "$output" "/ /dev /dev/mqueue "
}

@test "/dev has the usual nodes and no other" {
	box "$ROOT" sh -c 'cd /dev; ls | tr "\n" " "; echo; ls pts; echo x >null; head -c3 zero | od -An -tx1'
	has "${lines[0]}" "fd full "
	is "${lines[0]}" "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero "
	is "${lines[1]}" ptmx
	has "${lines[2]}" "00 00 00"
}

@test "kernel files are masked, others write-protected" {
	box "$ROOT" sh -c 'cat /proc/keys /proc/timer_list /proc/vmallocinfo /proc/interrupts | wc -c;
		ls -A /sys/firmware | wc -l;
		for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/irq/default_smp_affinity; do
			[ ! -e $f ] || echo b 2>&1 >$f || true; done; touch /sys/x; touch /sys/fs/cgroup/x; true'
	is "${lines[0]}" 0
	is "${lines[1]}" 0
	has "$output" "hostname: Read-only file system"
	has "$output" "/sys/x: Read-only file system"
	has "$output" "/sys/fs/cgroup/x: Read-only file system"
}

@test "the payload has the usual capabilities, no more, and no_new_privs" {
	box "$ROOT" grep -E '^(Cap|NoNewPrivs|Groups|Sig[BIC])' /proc/self/status
	is "$(tr -s '\t ' ' ' <<<"$output" | sed 's/ $//')" "Groups:
SigBlk: 0000000000000000
SigIgn: 0000000000000000
SigCgt: 0000000000000000
CapInh: 0000000000000000
CapPrm: 00000000800405fb
CapEff: 00000000800405fb
CapBnd: 00000000800405fb
CapAmb: 0000000000000000
NoNewPrivs: 1"
}

@test "capabilities are added and dropped by name" {
	box --cap-drop ALL --cap-add NET_RAW "$ROOT" grep -E '^Cap(Eff|Bnd)' /proc/self/status
	is "$(tr -s '\t ' ' ' <<<"$output")" "CapEff: 0000000000002000
CapBnd: 0000000000002000"
	box -u app --cap-add NET_RAW "$ROOT" grep -E '^Cap(Eff|Amb)' /proc/self/status
	is "$(tr -s '\t ' ' ' <<<"$output")" "CapEff: 0000000000002000
CapAmb: 0000000000002000"
	EXPECT=1 box --cap-add NO_SUCH "$ROOT" true
	is "$output" "cbox: 'NO_SUCH' is not the name of a capability"
	box --security-opt no-new-privileges=false "$ROOT" grep NoNewPrivs /proc/self/status
	has "$output" 0
}

@test "what root does is limited: no device, no mount, no host name, no other root" {
	box "$ROOT" sh -c 'mknod /x b 254 0; mount -t tmpfs x /tmp; hostname x; mount -o remount,rw /proc/sys; umount /proc/keys; true'
	is "${#lines[@]}" 5
	for line in "${lines[@]}"; do has "$line" "ermi"; done
}

@test "a device node that the root brings along does not open" {
	local root=$BATS_TEST_TMPDIR/root

	cp -a "$ROOT" "$root"
	mknod "$root/disk" c 1 3
	EXPECT=1 box "$root" cat /disk
	has "$output" "Permission denied"
	EXPECT=1 box --writable "$root" cat /disk
	has "$output" "Permission denied"
	rm -r "$root"
}

@test "the root stays as it is, unless it is to be written to" {
	local root=$BATS_TEST_TMPDIR/root before

	cp -a "$ROOT" "$root"
	before=$(cd "$root" && find . -printf '%p %m %T@ %s\n' | sort)
	box "$root" sh -c 'echo x >/new; rm /etc/group; chmod 700 /etc; mkdir -p /a/b; cat /new'
	is "$output" x
	is "$(cd "$root" && find . -printf '%p %m %T@ %s\n' | sort)" "$before"
	EXPECT=1 box --read-only "$root" sh -c 'echo x >/new'
	has "$output" "Read-only file system"
	is "$(cd "$root" && find . -printf '%p %m %T@ %s\n' | sort)" "$before"
	box --read-only --tmpfs /tmp:size=1m,mode=700 "$root" sh -c 'echo y >/tmp/y; cat /tmp/y; grep -o "/tmp.*size=[0-9]*k" /proc/mounts'
	is "${lines[0]}" y
	has "${lines[1]}" size=1024k
	box --writable "$root" sh -c 'echo x >/new'
	is "$(cat "$root/new")" x
	rm -r "$root"
	nothing_left
}

@test "the user is looked up in the root, with groups and home" {
	box -u app "$ROOT" sh -c 'id -u; id -g; id -G; echo $HOME'
	is "$output" "1234
1234
1234 4321
/home/app"
	box -u 55:66 "$ROOT" sh -c 'id -u; id -g; id -G'
	is "$output" "55
66
66"
	EXPECT=1 box -u nobody "$ROOT" true
	is "$output" "cbox: no user 'nobody' in the root's /etc/passwd"
}

@test "another user's pipes open again by name" {
	is "$("$CBOX" run -u app "$ROOT" sh -c 'echo x >/dev/stdout; echo y >/proc/self/fd/2' 2>&1 | cat)" "x
y"
}

@test "environment, directory, host name and limits are set" {
	echo "FROM_FILE=a b" >"$BATS_TEST_TMPDIR/env"
	OURS=mine box -e A=1 -e OURS --env-file "$BATS_TEST_TMPDIR/env" -w /var/log --hostname box \
		--ulimit nofile=99:100 "$ROOT" sh -c 'env | sort | grep -v -e PWD -e SHLVL; pwd; hostname; ulimit -n; ulimit -Hn; umask'
	is "$output" "A=1
FROM_FILE=a b
HOME=/root
HOSTNAME=box
OURS=mine
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
/var/log
box
99
100
0022"
}

@test "loopback is up, and the only interface, unless the host's network is asked for" {
	box "$ROOT" sh -c 'ls /sys/class/net; ip addr show lo | grep -c "inet 127.0.0.1/8"'
	is "$output" "lo
1"
	box --network host "$ROOT" readlink /proc/self/ns/net
	is "$output" "$(readlink /proc/self/ns/net)"
	EXPECT=1 box --network bridge "$ROOT" true
	refused cbox
}

@test "links in the root lead nowhere on the host" {
	local root name target=$BATS_TEST_TMPDIR/target

	mkdir "$target"
	for name in dev proc sys etc run tmp sbin; do
		root=$BATS_TEST_TMPDIR/root-$name
		cp -a "$ROOT" "$root"
		rm -rf "${root:?}/$name"
		ln -s "$target" "$root/$name"
		run "$CBOX" run "$root" true
		is "$(ls -A "$target")" ""
		ln -sfn "../../../../../../..$target" "$root/$name"
		run "$CBOX" run --tmpfs /tmp/x "$root" true
		is "$(ls -A "$target")" ""
	done
	root=$BATS_TEST_TMPDIR/root-dev
	ln -sfn /etc "$root/dev"
	box "$root" sh -c 'ls /etc/null'
	is "$output" /etc/null
	[ ! -e /etc/null ]
	rm -r "$BATS_TEST_TMPDIR"/root-* "$target"
	nothing_left
}

@test "a working directory on a leaked descriptor is none" {
	exec 8</
	run -127 "$CBOX" run -w /proc/self/fd/8 "$ROOT" sh -c 'ls'
	exec 8<&-
	lacks "$output" home
}

@test "a record that is no good is refused, with its place" {
	local root=$BATS_TEST_TMPDIR/root

	cp -a "$ROOT" "$root"
	mkdir -p "$root/etc/cinit"
	printf '#cinit-boot 1\nargv=true\0\nnonsense=1\0\nend=\0\n' >"$root/etc/cinit/boot"
	EXPECT=1 box "$root"
	refused cbox
	has "$output" "nonsense: unknown key"
	ln -sf /dev/zero "$root/etc/cinit/boot"
	EXPECT=1 box "$root"
	refused cbox
	rm -r "$root"
}

@test "the record says what runs; the command line has the last word" {
	local root=$BATS_TEST_TMPDIR/root

	cp -a "$ROOT" "$root"
	mkdir -p "$root/etc/cinit"
	printf '#cinit-boot 1\nargv=sh\0\nargv=-c\0\nargv=echo "$@"; id -u\0\nargv=sh\0\nargv=image\0\nentrypoint=4\0\nenv=PATH=/bin\0\ncwd=/\0\nuid=1234\0\ngid=1234\0\ncap.bounding=1ffffffffff\0\nend=\0\n' \
		>"$root/etc/cinit/boot"
	box "$root"
	is "$output" "image
1234"
	box -u 0 "$root" mine too
	is "$output" "mine too
0"
	box --entrypoint grep "$root" CapBnd /proc/self/status
	has "$output" 00000000800405fb
	rm -r "$root"
}

@test "an image runs as it is, an archive or a layout" {
	local name

	for name in hello.docker.tar hello.oci; do
		image $name
		box "$REPLY"
		has "$output" "hello from process 2, user 0"
	done
	EXPECT=2 box --writable "$REPLY"
	has "$output" "is an image, not a root"
	nothing_left
}

@test "SIGKILL while an image is unpacked leaves nothing behind" {
	local pid

	image redis.docker.tar
	for _ in $(seq 8); do
		TMPDIR=$BATS_TEST_TMPDIR "$CBOX" run --entrypoint sleep "$REPLY" 7777 &
		pid=$!
		python3 -c 'import random, time; time.sleep(random.random() * 0.5)'
		kill -9 $pid
		wait $pid 2>/dev/null || true
	done
	nothing_left
	run ! grep -q "tmpfs /tmp" /proc/mounts
}

@test "an image that is cut is refused, and leaves nothing" {
	image hello.docker.tar
	head -c 5000 "$REPLY" >"$BATS_TEST_TMPDIR/cut.tar"
	EXPECT=1 box "$BATS_TEST_TMPDIR/cut.tar"
	refused cbox
	has "$output" cut.tar
	nothing_left cut.tar
}

@test "a root without cinit gets ours" {
	local root=$BATS_TEST_TMPDIR/root

	cp -a "$ROOT" "$root"
	rm "$root/sbin/cinit"
	box --init-path "$CINIT" "$root" sh -c 'tr "\0" " " </proc/1/cmdline'
	has "$output" "/dev/cinit "
	rm -r "$root"
}

@test "a dry run tells the steps and does none" {
	box --dry-run --read-only "$ROOT" true
	has "$output" "unshare --mount --pid"
	has "$output" "pivot_root"
	has "$output" "remount,bind,ro"
	has "$output" "exec /sbin/cinit"
	run --separate-stderr "$CBOX" run --explain "$ROOT" echo told
	is "$output" told
	has "$stderr" "mount -t overlay"
	nothing_left 'separate-stderr*'
}

as_nobody() {
	setpriv --reuid 4242 --regid 4242 --clear-groups "$@"
}

@test "a user without privileges is root in a namespace of their own" {
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR"
	cp "$CBOX" "$BATS_FILE_TMPDIR/cbox"
	cd /
	run -0 as_nobody "$BATS_FILE_TMPDIR/cbox" run "$ROOT" sh -c 'id -u; echo x >/new; cat /new; grep -c . /proc/self/uid_map; tr "\0" " " </proc/1/cmdline'
	is "${lines[0]}:${lines[1]}:${lines[2]}" "0:x:1"
	has "${lines[3]}" /sbin/cinit
	run -1 as_nobody "$BATS_FILE_TMPDIR/cbox" run -u app "$ROOT" true
	has "$output" "run cbox as root"
	rm "$BATS_FILE_TMPDIR/cbox"
	nothing_left
}

@test "where no namespace may be made, it says so" {
	run -1 capsh --drop=cap_sys_admin -- -c "exec '$CBOX' run '$ROOT' true"
	refused cbox
	has "$output" CAP_SYS_ADMIN
	nothing_left
}
